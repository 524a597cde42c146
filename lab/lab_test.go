//go:build linux

package main

import (
	"bytes"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestChooseNetworkAvoidsTheMachinesOwn(t *testing.T) {
	used := []netip.Prefix{netip.MustParsePrefix("10.244.7.1/24"), netip.MustParsePrefix("192.0.2.2/24")}
	n, err := chooseNetwork(Network{}, "192.0.2.2", used)
	if err != nil {
		t.Fatal(err)
	}
	if n.Pods.String() != "10.144.0.0/16" || n.Services.String() != "10.96.0.0/16" || n.Docker.String() != "10.245.0.0/24" {
		t.Errorf("chosen %+v; only the pods' first range overlaps the machine's network", n)
	}
	if n.APIService() != "10.96.0.1" || n.DockerGateway() != "10.245.0.1/24" {
		t.Errorf("API Service %s, Docker gateway %s", n.APIService(), n.DockerGateway())
	}
	again, err := chooseNetwork(n, "192.0.2.9", nil)
	if err != nil || again.Pods != n.Pods || again.NodeIP != "192.0.2.9" {
		t.Errorf("a running lab's ranges must stay and its address follow the machine: %+v, %v", again, err)
	}
	if _, err := chooseNetwork(Network{}, "10.0.0.1", []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}); err == nil {
		t.Error("no range is free, and none was missed")
	}
}

func TestRestrictFollowsTheCapability(t *testing.T) {
	for status, want := range map[string]bool{"CapEff:\t000001ffffffffff\n": true, "CapEff:\t000001fffeffffff\n": false, "": false} {
		if got := hasSysResource("Name:\tx\n" + status); got != want {
			t.Errorf("%q: %t, want %t", status, got, want)
		}
	}
}

func TestConfigsCarryTheSetup(t *testing.T) {
	u := testSetup(t)
	for name, c := range map[string]struct{ text, want string }{
		"containerd": {u.containerdConfig(), "restrict_oom_score_adj = true"},
		"cni":        {u.cniConfig(), `"subnet": "10.244.0.0/24"`},
		"kubelet":    {u.kubeletConfig(), "nodefs.available: 1%,"},
		"coredns":    {corefile(), "bind 169.254.20.10"},
		"addons":     {u.addons(), `addresses: ["192.0.2.2"]`},
	} {
		if !strings.Contains(c.text, c.want) || strings.Contains(c.text, "%!") {
			t.Errorf("%s lacks %q or is badly formatted:\n%s", name, c.want, c.text)
		}
	}
}

func TestComponentsAreStartableAndListenWhereTheyMay(t *testing.T) {
	u := testSetup(t)
	components := append(u.components(), u.traefik())
	var names []string
	for _, c := range components {
		for _, need := range c.After {
			if !slices.Contains(names, need) {
				t.Errorf("%s needs %s, which is not before it in the table", c.Name, need)
			}
		}
		names = append(names, c.Name)
		if c.Health == nil || c.Grace == 0 {
			t.Errorf("%s has no health check or grace period", c.Name)
		}
		if strings.Contains(strings.Join(c.Command, " "), "0.0.0.0") {
			t.Errorf("%s listens on every address", c.Name)
		}
	}
	for port, name := range ports {
		if !slices.Contains(names, name) {
			t.Errorf("port %d belongs to %s, which is no component", port, name)
		}
	}
}

func testSetup(t *testing.T) setup {
	t.Helper()
	n, err := chooseNetwork(Network{}, "192.0.2.2", nil)
	if err != nil {
		t.Fatal(err)
	}
	return setup{Network: n, bins: map[string]string{}, restrict: true, cniBin: "/usr/lib/cni"}
}

func TestMirrorComesFromTheMachinesSources(t *testing.T) {
	targets := "Other|Other|https://packages.example/apt/\nDebian|Debian-Security|http://mirror.example/debian-security/\nDebian|Debian|http://mirror.example/debian/\n"
	if got := debianMirror(targets); got != "http://mirror.example/debian" {
		t.Errorf("mirror %q", got)
	}
	dump := `Acquire "";
Acquire::http::Proxy "http://proxy.example:3128";
Acquire::https::CaInfo "/somewhere/else.pem";
Acquire::Check-Date "false";
Acquire::Languages "none";
`
	got := mirrorSettings(dump)
	for _, want := range []string{"proxy.example", "Check-Date", caBundle} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is lost from:\n%s", want, got)
		}
	}
	if strings.Contains(got, "else.pem") || strings.Contains(got, "Languages") {
		t.Errorf("settings that do not belong in an image are in:\n%s", got)
	}
}

func TestMountsAreListedInnermostFirst(t *testing.T) {
	const info = `1 0 0:1 / / rw - ext4 /dev/a rw
2 1 0:2 / /var/lib/todo-lab/kubelet/a\040b rw - tmpfs tmpfs rw
3 2 0:3 / /var/lib/todo-lab/kubelet/a\040b/c rw - tmpfs tmpfs rw
4 1 0:4 / /var/lib/todo-lab-other rw - tmpfs tmpfs rw
`
	got := parseMounts(info, "/var/lib/todo-lab", "/run/todo-lab")
	want := []string{"/var/lib/todo-lab/kubelet/a b/c", "/var/lib/todo-lab/kubelet/a b"}
	if !slices.Equal(got, want) {
		t.Errorf("mounts %q, want %q", got, want)
	}
}

func TestWriteFileKeepsSecretsFromOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "key")
	for _, text := range []string{"one", "two", "two"} {
		if err := writeFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != text {
			t.Errorf("read %q, %v; want %q", got, err, text)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestStatusTableSaysWhatIsWrong(t *testing.T) {
	var out bytes.Buffer
	now := time.Now()
	unhealthy := printRows(&out, []row{
		{name: "etcd", pid: 7, since: now.Add(-90 * time.Second), log: "/l/etcd.log"},
		{name: "kubelet", problem: errors.New("pid 8 is\ngone"), log: "/l/kubelet.log"},
	}, now)
	if unhealthy != 1 {
		t.Errorf("%d unhealthy, want 1", unhealthy)
	}
	for _, want := range []string{"etcd", "1m30s", "NOT HEALTHY", "pid 8 is gone"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

func TestImageArchiveIsReproducible(t *testing.T) {
	first, err := imageArchive(pauseImage, "/pause", []byte("program"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := imageArchive(pauseImage, "/pause", []byte("program"))
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("two archives of the same program differ (%v)", err)
	}
}
