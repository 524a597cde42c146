//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// firewall is what `down` has to leave alone, although its names are those that the lab's components choose.
type firewall struct {
	Chains []string `json:"chains"` // those that the machine had before the lab's first start, in any table
	Sets   []string `json:"sets"`   // likewise
	other  string   // the process of another Kubernetes that works here now; "" for none
}

func (f firewall) keepsChain(name string) bool {
	return slices.Contains(f.Chains, name) || f.other != "" && strings.HasPrefix(name, "KUBE-")
}

func (f firewall) keepsSet(name string) bool { return slices.Contains(f.Sets, name) || f.other != "" }

func firewallNote() string { return state("firewall.json") }

// noteFirewall notes, before the first start, the chains and sets that another Kubernetes or a CNI plugin made. A lab
// that an older version started has made its own already: then nothing is noted.
func noteFirewall(ctx context.Context) error {
	if exists(firewallNote()) {
		return nil
	}
	before := firewall{Chains: []string{}, Sets: []string{}}
	if !exists(outsideNote()) {
		for _, family := range families {
			saved, err := iptablesSave(ctx, family)
			if err != nil {
				if family == "ip6tables" {
					continue // a kernel without IPv6
				}
				return err
			}
			before.Chains = append(before.Chains, kubernetesChains(saved)...)
		}
		before.Sets = append(before.Sets, kubernetesSets(ctx)...)
	}
	text, err := json.MarshalIndent(before, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(firewallNote(), append(text, '\n'), 0o644)
}

// readFirewall returns what was noted before the first start, and whether the lab ever set up this machine's network.
func readFirewall() (f firewall, started bool, err error) {
	text, err := os.ReadFile(firewallNote())
	if errors.Is(err, fs.ErrNotExist) {
		return f, exists(outsideNote()), nil // a lab of an older version
	}
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err != nil {
		err = fmt.Errorf("%s is damaged (%w): remove it, and run make lab-down again", firewallNote(), err)
	}
	return f, true, err
}

var families = []string{"iptables", "ip6tables"}

// iptablesSave is the output of iptables-save or ip6tables-save; "" where it is not installed.
func iptablesSave(ctx context.Context, family string) (string, error) {
	saved, err := exec.CommandContext(ctx, family+"-save").Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("%s-save: %w", family, err)
	}
	return string(saved), nil
}

// kubernetesChains lists the chains in the output of iptables-save whose names a component of the lab could choose.
func kubernetesChains(saved string) []string {
	var chains []string
	for line := range strings.Lines(saved) {
		name, isChain := strings.CutPrefix(line, ":")
		name, _, _ = strings.Cut(name, " ")
		if isChain && (strings.HasPrefix(name, "KUBE-") || strings.HasPrefix(name, "CNI-")) {
			chains = append(chains, name)
		}
	}
	slices.Sort(chains)
	return slices.Compact(chains)
}

// kubernetesSets lists the sets whose names kube-router could choose; none where ipset is not installed.
func kubernetesSets(ctx context.Context) []string {
	out, err := exec.CommandContext(ctx, "ipset", "list", "-n").Output()
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(strings.Fields(string(out)), func(name string) bool { return !ownIPSet(name) })
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
