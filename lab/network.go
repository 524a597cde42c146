//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"todo/internal/step"
)

// mark is the comment on every iptables rule that the lab itself adds.
const mark = "todo-lab"

// lockWait is how many seconds iptables waits for its lock. The components of a busy lab hold it for long.
const lockWait = "60"

// rule is an iptables rule of the lab.
type rule struct {
	table, chain string
	match        []string
}

// rules let pods and the lab's containers reach each other and the network where something sets the FORWARD policy to
// DROP, as Docker does. They are appended: in front they would let traffic pass that a NetworkPolicy forbids.
//
// Before that, what still has a Service's address after kube-proxy had its turn is refused: kube-proxy does not know that Service
// yet. On a network that answers for addresses that nobody has, as one with a transparent proxy does, the API server would
// otherwise keep a connection to a stranger in the place of metrics-server, for as long as it runs.
func (n Network) rules() []rule {
	rules := []rule{
		{"filter", "OUTPUT", []string{"-d", n.Services.String(), "-j", "REJECT"}},
		{"filter", "FORWARD", []string{"-d", n.Services.String(), "-j", "REJECT"}},
	}
	for _, prefix := range []string{n.Pods.String(), n.Docker.String()} {
		rules = append(rules,
			rule{"filter", "FORWARD", []string{"-s", prefix, "-j", "ACCEPT"}},
			rule{"filter", "FORWARD", []string{"-d", prefix, "-j", "ACCEPT"}})
	}
	return append(rules, rule{"nat", "POSTROUTING", []string{"-s", n.Docker.String(), "!", "-o", dockerBridge, "-j", "MASQUERADE"}})
}

func (r rule) args(action string) []string {
	return append([]string{"-w", lockWait, "-t", r.table, action, r.chain, "-m", "comment", "--comment", mark}, r.match...)
}

// wantedSysctls are set by the lab at start; a larger inotify limit than ours stays.
var wantedSysctls = map[string]int{
	"net/ipv4/ip_forward":                 1,
	"net/bridge/bridge-nf-call-iptables":  1, // or Services and policies do not apply between pods of one bridge
	"fs/inotify/max_user_instances":       1024,
	"fs/inotify/max_user_watches":         262144,
	"net/bridge/bridge-nf-call-ip6tables": 1,
}

// touchedSysctls are what kubelet and kube-proxy set; the lab only puts them back at the end.
var touchedSysctls = map[string]int{
	"net/ipv4/conf/all/route_localnet": 1,
	"vm/overcommit_memory":             1, "vm/panic_on_oom": 0, "kernel/panic": 10, "kernel/panic_on_oops": 1,
	"kernel/keys/root_maxkeys": 1000000, "kernel/keys/root_maxbytes": 25000000,
}

// sharedSysctls are those that other programs with a bridge rely on.
var sharedSysctls = []string{"net/ipv4/ip_forward", "net/ipv4/conf/all/route_localnet",
	"net/bridge/bridge-nf-call-iptables", "net/bridge/bridge-nf-call-ip6tables"}

// setupNetwork brings kernel settings, addresses, bridge and rules to what the lab needs. It changes only what differs,
// and reports whether anything did.
func setupNetwork(ctx context.Context, s *step.Step, n Network) (changed bool, err error) {
	if _, err := os.Stat("/proc/sys/net/bridge"); err != nil {
		for _, module := range []string{"br_netfilter", "overlay", "nf_conntrack"} {
			if err := s.Command(ctx, "", nil, "modprobe", module); err != nil {
				fmt.Fprintf(s, "module %s: %v (it may be built into the kernel)\n", module, err)
			}
		}
	}
	if err := saveSysctls(); err != nil {
		return false, err
	}
	for _, name := range sortedKeys(wantedSysctls) {
		want := wantedSysctls[name]
		old, err := readSysctl(name)
		if err != nil {
			return false, fmt.Errorf("kernel setting %s: %w", name, err)
		}
		if now, err := strconv.Atoi(old); err == nil && now >= want {
			continue
		}
		changed = true
		if err := os.WriteFile("/proc/sys/"+name, []byte(strconv.Itoa(want)), 0o644); err != nil {
			return false, fmt.Errorf("kernel setting %s = %d: %w", name, want, err)
		}
	}
	commands := [][]string{}
	if !hasAddress("lo", dnsAddr) {
		commands = append(commands, []string{"ip", "address", "add", dnsAddr + "/32", "dev", "lo"})
	}
	if _, err := net.InterfaceByName(dockerBridge); err != nil {
		commands = append(commands, []string{"ip", "link", "add", dockerBridge, "type", "bridge"})
	}
	if !hasAddress(dockerBridge, n.Docker.Addr().Next().String()) {
		commands = append(commands, []string{"ip", "address", "add", n.DockerGateway(), "dev", dockerBridge}, []string{"ip", "link", "set", dockerBridge, "up"})
	}
	for _, r := range n.rules() {
		if exec.CommandContext(ctx, "iptables", r.args("-C")...).Run() != nil {
			commands = append(commands, append([]string{"iptables"}, r.args("-A")...))
		}
	}
	for _, command := range commands {
		changed = true
		if err := s.Command(ctx, "", nil, command[0], command[1:]...); err != nil {
			return changed, err
		}
	}
	return changed, nil
}

func hasAddress(name, address string) bool {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return false
	}
	addrs, err := i.Addrs()
	if err != nil {
		return false
	}
	for _, a := range addrs {
		if strings.HasPrefix(a.String(), address+"/") {
			return true
		}
	}
	return false
}

// labSysctls is every setting that the lab or one of its components changes, with the value that it gets.
func labSysctls() map[string]int {
	settings := maps.Clone(wantedSysctls)
	maps.Copy(settings, touchedSysctls)
	return settings
}

func readSysctl(name string) (string, error) {
	text, err := os.ReadFile(filepath.Join("/proc/sys", name))
	return strings.TrimSpace(string(text)), err
}

// saveSysctls notes the machine's values before the lab's first change, for `down` to put back.
func saveSysctls() error {
	path := state("sysctls.json")
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	before := map[string]string{}
	for name := range labSysctls() {
		value, err := readSysctl(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // this kernel does not have it
		}
		if err != nil {
			return err
		}
		before[name] = value
	}
	text, err := json.MarshalIndent(before, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path, append(text, '\n'), 0o644)
}

// restoreSysctls puts back what saveSysctls noted; a lab that never started has noted nothing.
func restoreSysctls(s *step.Step) error {
	text, err := os.ReadFile(state("sysctls.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	before, now := map[string]string{}, map[string]string{}
	if err := json.Unmarshal(text, &before); err != nil {
		return err
	}
	for name := range before {
		if value, err := readSysctl(name); err == nil {
			now[name] = value
		}
	}
	bridges, err := filepath.Glob("/sys/class/net/*/bridge") // the lab's own are removed by now
	if err != nil {
		return err
	}
	var failed []error
	back := sysctlsToRestore(before, now, len(bridges) > 0)
	for _, name := range sortedKeys(back) {
		fmt.Fprintf(s, "%s = %s\n", name, back[name])
		failed = append(failed, os.WriteFile("/proc/sys/"+name, []byte(back[name]), 0o644))
	}
	return errors.Join(failed...)
}

// sysctlsToRestore returns the settings to put back, with their values: those that still have the value that the lab
// gave them, and of those that bridges rely on none while the machine has another bridge (Docker's, say).
func sysctlsToRestore(before, now map[string]string, otherBridge bool) map[string]string {
	back := map[string]string{}
	for name, set := range labSysctls() {
		old, noted := before[name]
		ours := noted && old != now[name] && now[name] == strconv.Itoa(set)
		if ours && !(otherBridge && slices.Contains(sharedSysctls, name)) {
			back[name] = old
		}
	}
	return back
}
