//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"todo/internal/step"
)

// testPackages is what the backend's tests need beside what the Python base image has.
var testPackages = []string{"mypy", "python3-pytest", "python3-pytest-xdist", "postgresql-17"}

// preparePython runs in the new system before its packages are installed: no database and no service is to be started.
const preparePython = `set -eu
mkdir -p /etc/postgresql-common
echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
echo '127.0.0.1 localhost' > /etc/hosts`

// enterPython runs in mount and process namespaces of its own, so nothing stays mounted or running, however it ends, and
// runs at the same time do not see each other's /tmp. That is in memory: a test's database is many small files.
const enterPython = `set -eu
root=$1 folder=$2
shift 2
mkdir -p "$root/mnt/work"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount --bind "$folder" "$root/mnt/work"
exec chroot "$root" sh -c 'cd /mnt/work && exec "$@"' sh "$@"`

// inPython runs a command in a folder, inside a Debian system of the application image's release with Debian's Python, the
// backend's libraries and what its tests need: for machines on which PyPI cannot be reached. The system is made the
// first time and kept in the cache.
func inPython(ctx context.Context, args []string) error {
	if len(args) < 2 {
		return errors.New("python: name a folder and a command")
	}
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		return errors.New("python: not root on Linux: making a Debian system, and mounting in it, need it")
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return errors.New("python: apt-get is not there: Debian's packages come through it")
	}
	folder, err := filepath.Abs(args[0])
	if err != nil {
		return err
	}
	root, err := pythonRoot(ctx)
	if err != nil {
		return err
	}
	cmd := inNamespaces(ctx, append([]string{enterPython, "sh", root, folder}, args[1:]...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("python: %s: %w", args[1], err)
	}
	return nil
}

// inNamespaces is a shell in mount and process namespaces of its own; the first argument is its program.
func inNamespaces(ctx context.Context, script ...string) *exec.Cmd {
	args := []string{"--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "sh", "-c"}
	cmd := exec.CommandContext(ctx, "unshare", append(args, script...)...)
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", "TERM=" + os.Getenv("TERM"),
		"PYTHONPYCACHEPREFIX=/tmp/pycache"}
	return cmd
}

// pythonRoot returns the system's folder, after making it if it is not there.
func pythonRoot(ctx context.Context) (string, error) {
	printer, err := newPrinter()
	if err != nil {
		return "", err
	}
	tools := []debianPackage{}
	for _, p := range debianPackages {
		if slices.Contains([]string{"debootstrap", "debian-archive-keyring", "ca-certificates"}, p.name) {
			tools = append(tools, p)
		}
	}
	if len(missingPackages(tools)) > 0 {
		if err := printer.Run("Install debootstrap", func(s *step.Step) error { return installPackages(ctx, s, tools) }); err != nil {
			return "", err
		}
	}
	r, err := newRootfs(ctx)
	if err != nil {
		return "", err
	}
	recipe, err := recipeFiles("python")
	if err != nil {
		return "", err
	}
	parts := append([]string{r.hash, preparePython}, testPackages...)
	for _, name := range sortedKeys(recipe) {
		parts = append(parts, name, string(recipe[name]))
	}
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	root := filepath.Join(cache, "python-"+specHash(parts...))
	if isDir(root) {
		return root, markUsed(root)
	}
	unlock, err := lock() // the base images are made of the same first layer, in the same place
	if err != nil {
		return "", err
	}
	defer unlock()
	return root, printer.Run("Debian's Python with the backend's libraries", func(s *step.Step) error { return makePython(ctx, s, r, recipe, root) })
}

// makePython makes the system beside its place and renames it, so that half of one is never taken for a whole one.
func makePython(ctx context.Context, s *step.Step, r rootfs, recipe map[string][]byte, root string) (err error) {
	file, err := cached("rootfs", r.hash, func(w io.Writer) error { return r.write(ctx, s, w) })
	if err != nil {
		return err
	}
	tmp := filepath.Join(filepath.Dir(root), ".python")
	if err := removeTree(tmp); err != nil { // of an interrupted try
		return err
	}
	defer func() { err = errors.Join(err, removeTree(tmp)) }()
	if err := os.MkdirAll(tmp, 0o755); err != nil {
		return err
	}
	err = readCached(file, func(archive io.Reader) error {
		unpack := exec.CommandContext(ctx, "tar", "-C", tmp, "--numeric-owner", "-x")
		unpack.Stdin, unpack.Stdout, unpack.Stderr = archive, s, s
		return unpack.Run()
	})
	if err != nil {
		return fmt.Errorf("unpacking %s: %w", file, err)
	}
	resolver, err := os.ReadFile("/etc/resolv.conf")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	files := map[string][]byte{"etc/resolv.conf": resolver}
	for name, text := range recipe {
		files[filepath.Join("opt/lab", name)] = text
	}
	for name, text := range files {
		if err := writeFile(filepath.Join(tmp, name), text, 0o644); err != nil {
			return err
		}
	}
	script := preparePython + "\nexec sh /opt/lab/install " + strings.Join(testPackages, " ")
	install := inNamespaces(ctx, enterPython, "sh", tmp, filepath.Join(tmp, "opt/lab"), "sh", "-c", script)
	install.Stdout, install.Stderr = s, s
	if err := install.Run(); err != nil {
		return fmt.Errorf("installing the packages: %w", err)
	}
	return os.Rename(tmp, root)
}
