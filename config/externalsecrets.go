package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"todo/spec"
)

// ExternalSecrets says where the External Secrets Operator finds what the stack itself then does not hold.
type ExternalSecrets struct {
	Store           string // name of the SecretStore or ClusterSecretStore
	StoreKind       string
	RefreshInterval string // a duration as Go writes it; 0s reads the store once

	remote map[string]spec.RemoteRef // by variable
}

// externalSecretsOverride is what `externalSecrets` says.
type externalSecretsOverride struct {
	Store           string            `json:"store" default:"required" doc:"Store that the operator reads." allowed:"the name of one"`
	StoreKind       string            `json:"storeKind" default:"SecretStore" doc:"Its kind." allowed:"SecretStore, ClusterSecretStore"`
	Prefix          string            `json:"prefix" doc:"Goes before the variable's name to make the key in the store." allowed:"text"`
	Keys            map[string]string `json:"keys" doc:"Key in the store by variable, <key> or <key>#<property>. DATABASE_URL and BETTER_AUTH_SECRET are read without it too, the others only with it." allowed:"text by the name of a secret that a service lists"`
	RefreshInterval string            `json:"refreshInterval" default:"1h" doc:"How often the store is read again; 0s is once. Pods see a new value when they start." allowed:"a duration such as 15m"`
}

// Migration is what the schema's Job reads: the named variables, and the database past its pooler.
func (e *ExternalSecrets) Migration(variables []string) map[string]spec.RemoteRef {
	picked := e.For(variables)
	picked[keyDatabaseURL] = or(e.remote[keyMigrationURL], e.remote[keyDatabaseURL])
	return picked
}

// For picks from the store what one container reads.
func (e *ExternalSecrets) For(variables []string) map[string]spec.RemoteRef {
	picked := map[string]spec.RemoteRef{}
	for _, name := range variables {
		if ref, known := e.remote[name]; known {
			picked[name] = ref
		}
	}
	return picked
}

var storeKinds = []string{"SecretStore", "ClusterSecretStore"}

// storedKeys are the configuration's secrets that a container reads.
var storedKeys = []string{keyDatabaseURL, keyAuthSecret, keyAuthSecretAlso, keyOpenAIKey, keyChatbotOpenAI, keyMigrationURL}

// externalSecrets is nil when the stack holds its secrets itself.
func (l *loader) externalSecrets() *ExternalSecrets {
	given, before := externalSecretsOverride{}, len(l.ps.list)
	l.object(keyExternalSecrets, &given)
	raw := l.in.Values[keyExternalSecrets].Text
	if raw == "" || raw == "{}" || raw == "null" || len(l.ps.list) > before {
		return nil
	}
	e := &ExternalSecrets{Store: given.Store, StoreKind: or(given.StoreKind, storeKinds[0]), RefreshInterval: or(given.RefreshInterval, "1h"), remote: map[string]spec.RemoteRef{}}
	for _, name := range []string{keyDatabaseURL, keyAuthSecret} {
		e.remote[name] = spec.RemoteRef{Key: given.Prefix + name}
	}
	for _, name := range slices.Sorted(maps.Keys(given.Keys)) {
		path := join(keyExternalSecrets+".keys", name)
		if !secretVariable.MatchString(name) {
			l.ps.add(Problem{Key: path, Got: "not an environment variable's name", Want: "allowed: letters, digits and _", Fix: l.ps.remove(path)})
			continue
		}
		key, property, _ := strings.Cut(given.Keys[name], "#")
		if key == "" {
			l.ps.refuse(path, quoted(given.Keys[name]), "allowed: <key> or <key>#<property>", "todo/"+name)
		}
		e.remote[name] = spec.RemoteRef{Key: given.Prefix + key, Property: property}
	}
	l.checkExternalSecrets(e)
	return e
}

func (l *loader) checkExternalSecrets(e *ExternalSecrets) {
	if !dnsSubdomain.MatchString(e.Store) {
		got := quoted(e.Store)
		if e.Store == "" {
			got = "not set"
		}
		l.ps.refuse(keyExternalSecrets+".store", got, "allowed: the name of a SecretStore or ClusterSecretStore", "<store>")
	}
	oneOf(&l.ps, keyExternalSecrets+".storeKind", e.StoreKind, storeKinds)
	if d, err := time.ParseDuration(e.RefreshInterval); err != nil || d < 0 || (d > 0 && d < time.Second) {
		l.ps.refuse(keyExternalSecrets+".refreshInterval", quoted(e.RefreshInterval), "allowed: 0s, or a duration of a second or more", "1h")
	}
	for _, key := range append([]string{keySecrets}, storedKeys...) {
		if l.in.Values[key].Text != "" {
			l.ps.add(Problem{Key: key, Got: "set", Want: fmt.Sprintf("externalSecrets reads it from %s %s", e.StoreKind, e.Store), Fix: l.ps.remove(key)})
		}
	}
}
