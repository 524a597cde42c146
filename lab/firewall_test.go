//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// fakeTools makes programs, shell scripts each, and PATH has no others. Each call is a line of the returned file.
func fakeTools(t *testing.T, scripts map[string]string) (calls string) {
	t.Helper()
	dir := t.TempDir()
	calls = filepath.Join(dir, "calls")
	for name, script := range scripts {
		text := fmt.Sprintf("#!/bin/sh\necho %s \"$@\" >>%s\n%s\n", name, calls, script)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	return calls
}

func TestDownWithoutALabChangesNothing(t *testing.T) {
	dir := tempLab(t)
	calls := fakeTools(t, map[string]string{
		"iptables-save":    "echo '*filter'; echo ':KUBE-FORWARD - [0:0]'; echo COMMIT",
		"iptables-restore": "", "ip6tables-save": "", "ip6tables-restore": "", "ipset": "echo KUBE-SRC-AAAA", "ip": "",
	})
	if err := os.RemoveAll(stateDir); err != nil {
		t.Fatal(err)
	}
	if err := down(t.Context()); err != nil {
		t.Errorf("down fails where there is nothing to take down: %v", err)
	}
	if text, err := os.ReadFile(calls); err == nil {
		t.Errorf("down called programs of a machine without a lab:\n%s", text)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("down made %v (%v), want nothing beside the cgroups", entries, err)
	}
}

func TestChainsAndSetsOfBeforeAreNotedOnce(t *testing.T) {
	tempLab(t)
	const rules = "*nat\n:PREROUTING ACCEPT [0:0]\n:KUBE-SERVICES - [0:0]\n:CNI-HOSTPORT-DNAT - [0:0]\n" +
		"-A PREROUTING -j KUBE-SERVICES\nCOMMIT\n"
	tools := map[string]string{"iptables-save": "/bin/cat <<END\n" + rules + "END", "ip6tables-save": "exit 1",
		"ipset": "echo KUBE-SRC-AAAA; echo mine"}
	fakeTools(t, tools)
	if err := noteFirewall(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := firewall{Chains: []string{"CNI-HOSTPORT-DNAT", "KUBE-SERVICES"}, Sets: []string{"KUBE-SRC-AAAA"}}
	for range 2 {
		if got, started, err := readFirewall(); err != nil || !started || !reflect.DeepEqual(got, want) {
			t.Errorf("noted %+v, %t, %v; want %+v", got, started, err, want)
		}
		tools["ipset"] = "echo KUBE-SRC-BBBB" // the lab's, by now
		fakeTools(t, tools)
		if err := noteFirewall(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestALabOfBeforeTheNoteOwnsItsChains(t *testing.T) {
	tempLab(t)
	if _, started, err := readFirewall(); err != nil || started {
		t.Errorf("a lab that never started is said to have set up the firewall (%v)", err)
	}
	if err := noteOutside(); err != nil {
		t.Fatal(err)
	}
	if got, started, err := readFirewall(); err != nil || !started || got.keepsChain("KUBE-SERVICES") {
		t.Errorf("read %+v, %t, %v; an older lab has made the chains itself", got, started, err)
	}
	fakeTools(t, map[string]string{"iptables-save": "echo :KUBE-SERVICES - [0:0]", "ip6tables-save": "", "ipset": ""})
	if err := noteFirewall(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, _, err := readFirewall(); err != nil || got.keepsChain("KUBE-SERVICES") {
		t.Errorf("a running lab's own chains were noted as another's: %+v, %v", got, err)
	}
}

func TestCleanupLeavesAnotherKubernetesAlone(t *testing.T) {
	const own = "-D FORWARD -s 10.244.0.0/16 -m comment --comment todo-lab -j ACCEPT\n"
	for name, test := range map[string]struct {
		keep   firewall
		stays  []string // must not be in the script
		leaves []string // must be
	}{
		"it had the chains before": {firewall{Chains: []string{"KUBE-FORWARD"}},
			[]string{"KUBE-FORWARD"}, []string{own, "-X KUBE-ROUTER-FORWARD"}},
		"it works here now": {firewall{other: "k3s-server (pid 7)"}, []string{"KUBE-"}, []string{own, "-X CNI-aaaa"}},
	} {
		got := cleanupScript(savedRules, test.keep)
		for _, text := range test.stays {
			if strings.Contains(got, text) {
				t.Errorf("%s: the script touches %s:\n%s", name, text, got)
			}
		}
		for _, text := range test.leaves {
			if !strings.Contains(got, text) {
				t.Errorf("%s: the script lacks %q:\n%s", name, text, got)
			}
		}
	}
	sets := []string{"KUBE-SRC-AAAA", "kube-router-local-pods"}
	keep := firewall{Sets: sets[:1]}
	if got := slices.DeleteFunc(slices.Clone(sets), keep.keepsSet); len(got) != 1 || got[0] != sets[1] {
		t.Errorf("sets to remove: %v, want only the one that is new", got)
	}
}

func TestOnlyAnotherKubernetesInThisNetworkCounts(t *testing.T) {
	proc := t.TempDir()
	for pid, name := range map[string]string{"10": "kubelet", "20": "k3s-server", "30": "kubelet", "40": "dockerd"} {
		if err := writeFile(filepath.Join(proc, pid, "comm"), []byte(name+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	link := func(pid, network string) {
		folder := filepath.Join(proc, pid, "ns")
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		os.Remove(filepath.Join(folder, "net"))
		if err := os.Symlink(network, filepath.Join(folder, "net")); err != nil {
			t.Fatal(err)
		}
	}
	const ours, another = "net:[1]", "net:[2]"
	for pid, network := range map[string]string{"self": ours, "10": another, "20": another, "30": ours, "40": ours} {
		link(pid, network) // 10 and 20 are nodes in containers, 30 is the lab's own kubelet
	}
	own := func(pid int) bool { return pid == 30 }
	if other, err := otherKubernetes(proc, own); err != nil || other != "" {
		t.Errorf("found %q, %v; want none", other, err)
	}
	link("20", ours)
	if other, err := otherKubernetes(proc, own); err != nil || other != "k3s-server (pid 20)" {
		t.Errorf("found %q, %v; want k3s", other, err)
	}
}

func TestKernelSettingsOfOthersStay(t *testing.T) {
	before := map[string]string{"net/ipv4/ip_forward": "0", "kernel/panic": "0", "vm/panic_on_oom": "0",
		"fs/inotify/max_user_instances": "128", "fs/inotify/max_user_watches": "8192",
		"net/netfilter/nf_conntrack_max": "65536"}
	now := map[string]string{"net/ipv4/ip_forward": "1", "kernel/panic": "10", "vm/panic_on_oom": "0",
		"fs/inotify/max_user_instances":  "1024",
		"fs/inotify/max_user_watches":    "524288", // another program raised it later
		"net/netfilter/nf_conntrack_max": "131072"} // the lab does not set it
	want := map[string]string{"net/ipv4/ip_forward": "0", "kernel/panic": "0", "fs/inotify/max_user_instances": "128"}
	if got := sysctlsToRestore(before, now, false); !reflect.DeepEqual(got, want) {
		t.Errorf("put back: %v, want %v", got, want)
	}
	delete(want, "net/ipv4/ip_forward")
	if got := sysctlsToRestore(before, now, true); !reflect.DeepEqual(got, want) {
		t.Errorf("put back beside Docker's bridge: %v, want %v", got, want)
	}
}
