package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"todo/internal/files"
)

// What encrypts a stack's secrets.
const (
	passphraseOwn         = "own"         // .state/passphrase
	passphraseEnvironment = "environment" // PULUMI_CONFIG_PASSPHRASE, or the file that ..._FILE names
	passphraseOther       = "none"        // the backend or a key service, which Pulumi asks by itself
)

// environmentPassphrase is the passphrase that Pulumi would take from the environment, as Pulumi reads it: an empty
// variable is an empty passphrase.
func (o *Ops) environmentPassphrase() (passphrase string, given bool, err error) {
	if passphrase, given := os.LookupEnv("PULUMI_CONFIG_PASSPHRASE"); given {
		return passphrase, true, nil
	}
	path := os.Getenv("PULUMI_CONFIG_PASSPHRASE_FILE")
	if path == "" || path == o.state("passphrase") { // the own one, which `make env` exports
		return "", false, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", true, fmt.Errorf("PULUMI_CONFIG_PASSPHRASE_FILE: %w; "+
			"name a file that holds the passphrase, or unset it", err)
	}
	return strings.TrimSpace(string(text)), true, nil
}

// settlePassphrase decides what encrypts a stack's secrets, and refuses a run that could not read them: Pulumi says
// "incorrect passphrase" only, and not before it is half way.
func (o *Ops) settlePassphrase(ctx context.Context, h home, stackExists bool) (home, error) {
	if !stackExists {
		return o.newPassphrase(h)
	}
	switch h.passphrase {
	case passphraseOther:
		return h, nil
	case passphraseOwn:
		_, err := o.readPassphrase()
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%s is missing, and the secrets of stack %s are encrypted with it: "+
				"put it back from a backup", o.state("passphrase"), o.Stack)
		}
		return h, err
	}
	state, err := o.snapshot(ctx)
	if err != nil {
		return h, err
	}
	salt := state.SecretsProviders.State.Salt
	switch {
	case state.SecretsProviders.Type == "":
		return o.newPassphrase(h)
	case salt == "":
		h.passphrase = passphraseOther
		return h, nil
	}
	if own, err := o.readPassphrase(); h.passphrase == "" && err == nil && opens(salt, own) {
		h.passphrase = passphraseOwn
		return h, nil
	}
	passphrase, given, err := o.environmentPassphrase()
	switch {
	case err != nil:
		return h, err
	case given && opens(salt, passphrase):
		h.passphrase = passphraseEnvironment
		return h, nil
	case given:
		return h, fmt.Errorf("the passphrase in the environment (PULUMI_CONFIG_PASSPHRASE or _FILE) "+
			"is not the one of stack %s in %s; export the one that it was made with", o.Stack, o.backendURL(h))
	}
	return h, fmt.Errorf("the secrets of stack %s in %s are encrypted with a passphrase that is not set here: "+
		"export PULUMI_CONFIG_PASSPHRASE with the one that it was made with (an empty one counts)",
		o.Stack, o.backendURL(h))
}

// newPassphrase is for a stack that does not exist yet. In the checkout's own backend it is always the own one: a
// variable that was set for another project would be missed in the next shell.
func (o *Ops) newPassphrase(h home) (home, error) {
	h.passphrase = passphraseOwn
	passphrase, given, err := o.environmentPassphrase()
	if err != nil {
		return h, err
	}
	if given && h.backend != ownBackend {
		h.passphrase = passphraseEnvironment
		return h, nil
	}
	if passphrase != "" {
		fmt.Fprintf(os.Stderr,
			"  The passphrase in the environment is not used: %s encrypts the secrets of stack %s.\n",
			o.state("passphrase"), o.Stack)
	}
	return h, o.makePassphrase()
}

// makePassphrase writes .state/passphrase once. It encrypts the secrets in the state: without it they are lost.
func (o *Ops) makePassphrase() error {
	err := files.Create(o.state("passphrase"), []byte(rand.Text()+rand.Text()), 0o600)
	if errors.Is(err, fs.ErrExist) {
		_, err = o.readPassphrase()
		return err
	}
	if err != nil {
		return fmt.Errorf("creating the passphrase: %w", err)
	}
	return nil
}

func (o *Ops) readPassphrase() (string, error) {
	path := o.state("passphrase")
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading the passphrase: %w", err)
	}
	if passphrase := strings.TrimSpace(string(text)); passphrase != "" {
		return passphrase, nil
	}
	return "", fmt.Errorf("%s is empty: put it back from a backup; "+
		"when no stack of this checkout has secrets yet: rm %s", path, path)
}

// opens reports whether a passphrase is the one that made a stack's salt. Pulumi's salt holds the word "pulumi",
// encrypted, for this question: v1:<salt>:v1:<nonce>:<ciphertext>.
func opens(salt, passphrase string) bool {
	parts := strings.Split(salt, ":")
	if len(parts) != 5 || parts[0] != "v1" || parts[2] != "v1" {
		return false
	}
	var raw [3][]byte
	for i, text := range []string{parts[1], parts[3], parts[4]} {
		var err error
		if raw[i], err = base64.StdEncoding.DecodeString(text); err != nil {
			return false
		}
	}
	key, err := pbkdf2.Key(sha256.New, passphrase, raw[0], 1_000_000, 32)
	if err != nil {
		return false
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return false
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil || len(raw[1]) != gcm.NonceSize() {
		return false
	}
	plain, err := gcm.Open(nil, raw[1], raw[2], nil)
	return err == nil && string(plain) == "pulumi"
}
