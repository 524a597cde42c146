//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"todo/internal/step"
)

// debianPackage is a package and a file or program that says it is there. A machine that has the program from elsewhere
// (Docker's own packages, say) keeps it: installing Debian's beside it would remove it.
type debianPackage struct{ name, has string }

var debianPackages = []debianPackage{
	{"etcd-server", "etcd"}, {"containerd", "containerd"}, {"runc", "runc"}, {"docker.io", "dockerd"}, {"docker-registry", "docker-registry"},
	{"containernetworking-plugins", "bridge"}, {"conntrack", "conntrack"}, {"iptables", "iptables"}, {"ipset", "ipset"},
	{"iproute2", "ip"}, {"kmod", "modprobe"}, {"debootstrap", "debootstrap"}, {"ca-certificates", caBundle},
	{"debian-archive-keyring", "/usr/share/keyrings/debian-archive-trixie-stable.gpg"}, // an old one does not know the stand-ins' release
}

// services are the units that these packages would start and enable.
var services = map[string][]string{
	"etcd-server": {"etcd.service"}, "containerd": {"containerd.service"},
	"docker.io": {"docker.service", "docker.socket"}, "docker-registry": {"docker-registry.service"},
}

const caBundle = "/etc/ssl/certs/ca-certificates.crt"

// cniFolders is where distributions and Kubernetes' own packages put CNI plugins.
var cniFolders = []string{"/usr/lib/cni", "/opt/cni/bin"}

// cniFolder returns the folder with the bridge plugin; "" when there is none.
func cniFolder() string {
	for _, folder := range cniFolders {
		if _, err := os.Stat(filepath.Join(folder, "bridge")); err == nil {
			return folder
		}
	}
	return ""
}

func (p debianPackage) present() bool {
	switch {
	case p.has == "bridge": // as a program on PATH it would be iproute2's
		return cniFolder() != ""
	case filepath.IsAbs(p.has):
		_, err := os.Stat(p.has)
		return err == nil
	}
	_, err := exec.LookPath(p.has)
	return err == nil
}

func missingPackages(of []debianPackage) []debianPackage {
	var missing []debianPackage
	for _, p := range of {
		if !p.present() {
			missing = append(missing, p)
		}
	}
	return missing
}

// installPackages installs what is missing of the packages, without starting or enabling any service of it: the lab runs its own.
func installPackages(ctx context.Context, s *step.Step, of []debianPackage) error {
	missing := missingPackages(of)
	if len(missing) == 0 {
		return step.ErrDone
	}
	restore, err := denyServices()
	if err != nil {
		return err
	}
	defer restore()
	env := []string{"DEBIAN_FRONTEND=noninteractive"}
	if err := s.Command(ctx, "", env, "apt-get", "-o", "DPkg::Lock::Timeout=600", "update"); err != nil {
		fmt.Fprintf(s, "%v; going on with the lists there are\n", err) // one unreachable source of many is no reason to stop
	}
	args := []string{"-o", "DPkg::Lock::Timeout=600", "install", "-y", "--no-install-recommends"}
	for _, p := range missing {
		args = append(args, p.name)
	}
	if err := s.Command(ctx, "", env, "apt-get", args...); err != nil {
		return err
	}
	for _, p := range missing {
		for _, unit := range services[p.name] {
			if err := s.Command(ctx, "", nil, "systemctl", "disable", unit); err != nil {
				fmt.Fprintf(s, "%v; without systemd nothing starts %s\n", err, unit)
			}
		}
	}
	for _, p := range missing {
		if !p.present() {
			return fmt.Errorf("%s is installed, but %s is not there", p.name, p.has)
		}
	}
	return nil
}

// denyServices puts a policy in place that keeps package scripts from starting services, and returns what puts the
// machine's own back. A policy left by an interrupted install is the saved one.
func denyServices() (restore func() error, err error) {
	const policy, saved = "/usr/sbin/policy-rc.d", "/usr/sbin/policy-rc.d.todo-lab"
	if _, err := os.Lstat(saved); errors.Is(err, fs.ErrNotExist) {
		if err := os.Rename(policy, saved); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if err := os.WriteFile(policy, []byte("#!/bin/sh\n# "+mark+"\nexit 101\n"), 0o755); err != nil {
		return nil, err
	}
	return func() error {
		if err := os.Remove(policy); err != nil {
			return err
		}
		if err := os.Rename(saved, policy); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}, nil
}
