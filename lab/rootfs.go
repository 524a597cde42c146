//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"todo/internal/step"
)

// rootfs is the Debian system that the stand-ins for base images share as their first layer.
type rootfs struct {
	hash   string
	mirror string // "" for debootstrap's default
	apt    string // the machine's settings for reaching its mirror
}

// suite is the Debian release whose Python is the one that the application's image has.
const suite = "trixie"

// trustBundle makes programs in the images use the machine's certificates, which Debian's own libraries do anyway: TLS
// may go through a proxy that signs with the machine's own authority.
var trustBundle = []string{"ENV NODE_EXTRA_CA_CERTS=" + caBundle + " SSL_CERT_FILE=" + caBundle + " REQUESTS_CA_BUNDLE=" + caBundle}

func newRootfs(ctx context.Context) (rootfs, error) {
	settings, err := exec.CommandContext(ctx, "apt-config", "dump", "Acquire").Output()
	if err != nil {
		return rootfs{}, fmt.Errorf("apt-config dump: %w", err)
	}
	targets, err := exec.CommandContext(ctx, "apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)", "Created-By: Packages").Output()
	if err != nil {
		targets = nil // no package lists: debootstrap's default mirror
	}
	r := rootfs{mirror: debianMirror(string(targets)), apt: mirrorSettings(string(settings))}
	bundle, err := fileHash(caBundle)
	if err != nil {
		return rootfs{}, err
	}
	files, err := recipeFiles("rootfs")
	if err != nil {
		return rootfs{}, err
	}
	parts := append([]string{suite, r.mirror, r.apt, bundle}, trustBundle...)
	for _, name := range sortedKeys(files) {
		parts = append(parts, name, string(files[name]))
	}
	r.hash = specHash(parts...)
	return r, nil
}

// debianMirror picks the mirror of Debian itself from the machine's package sources.
func debianMirror(targets string) string {
	for line := range strings.Lines(targets) {
		if uri, ok := strings.CutPrefix(strings.TrimSpace(line), "Debian|Debian|"); ok {
			return strings.TrimSuffix(uri, "/")
		}
	}
	return ""
}

var mirrorSetting = regexp.MustCompile(`(?m)^Acquire::(https?(::|")|Check-|Retries).*;$`)

// mirrorSettings keeps of apt's settings those about reaching a mirror: proxies, certificates, checks of dates. Files
// they name do not exist in an image, so certificates are given as the bundle that is copied there.
func mirrorSettings(dump string) string {
	var kept []string
	for _, line := range mirrorSetting.FindAllString(dump, -1) {
		if !strings.Contains(line, "CaInfo") && !strings.Contains(line, "CaPath") {
			kept = append(kept, line)
		}
	}
	return strings.Join(append(kept, `Acquire::https::CaInfo "`+caBundle+`";`), "\n") + "\n"
}

// image is the name of the root file system in the lab's Docker.
func (r rootfs) image() string { return "todo-lab/rootfs:" + r.hash }

// ensure puts the root file system into the lab's Docker: from the cache, or made by debootstrap.
func (r rootfs) ensure(ctx context.Context, s *step.Step) error {
	if _, have, err := newEngine().labels(ctx, r.image()); err != nil || have {
		return err
	}
	file, err := cached("rootfs", r.hash, func(w io.Writer) error { return r.write(ctx, s, w) })
	if err != nil {
		return err
	}
	return readCached(file, func(root io.Reader) error { return newEngine().importRoot(ctx, s, r.image(), trustBundle, root) })
}

// write makes the root file system and writes it as a tar.
func (r rootfs) write(ctx context.Context, s *step.Step, w io.Writer) (err error) {
	dir := state("rootfs")
	if err := removeTree(dir); err != nil { // of an interrupted try
		return err
	}
	defer func() { err = errors.Join(err, removeTree(dir)) }()
	args := []string{"--variant=minbase", "--include=ca-certificates", suite, dir}
	if r.mirror != "" {
		args = append(args, r.mirror)
	}
	if err := s.Command(ctx, "", nil, "debootstrap", args...); err != nil {
		return err
	}
	files, err := recipeFiles("rootfs")
	if err != nil {
		return err
	}
	bundle, err := os.ReadFile(caBundle)
	if err != nil {
		return err
	}
	for _, file := range []struct {
		path string
		text []byte
		mode os.FileMode
	}{
		{"usr/local/sbin/clean", files["clean"], 0o755},
		{"etc/dpkg/dpkg.cfg.d/todo-lab", files["dpkg.cfg"], 0o644},
		{"etc/apt/apt.conf.d/90todo-lab", []byte(r.apt), 0o644},
		{caBundle, bundle, 0o644},
	} {
		if err := writeFile(filepath.Join(dir, file.path), file.text, file.mode); err != nil {
			return err
		}
	}
	if err := s.Command(ctx, "", nil, "chroot", dir, "/usr/local/sbin/clean"); err != nil {
		return err
	}
	pack := exec.CommandContext(ctx, "tar", "-C", dir, "--numeric-owner", "--one-file-system", "--exclude=./dev/*", "--exclude=./proc/*", "--exclude=./sys/*", "-c", ".")
	pack.Stdout, pack.Stderr = w, s
	return pack.Run()
}
