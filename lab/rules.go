//go:build linux

package main

import (
	"regexp"
	"slices"
	"strings"
)

// ownIPSet reports whether a set has a name that kube-router chooses.
func ownIPSet(name string) bool {
	name = strings.TrimPrefix(name, "inet6:")
	return strings.HasPrefix(name, "KUBE-") || strings.HasPrefix(name, "kube-router-")
}

// cniNetwork finds the network's name in the comment of a rule that a CNI plugin made.
var cniNetwork = regexp.MustCompile(`name: \\"([^"\\]*)\\"`)

// cniChain finds the names of CNI plugins' chains in a rule.
var cniChain = regexp.MustCompile(`\bCNI-[A-Za-z0-9-]+`)

// ownChains returns the chains in a table that the lab's components made: those of kubelet, kube-proxy and kube-router,
// and of the CNI plugins, without those that the firewall keeps. Another program on the machine (Podman, say) may have
// chains of CNI plugins too; then only those that a rule of the lab's network names are the lab's.
func ownChains(chains, rules []string, keep firewall) []string {
	ours, foreign := map[string]bool{}, keep.other != ""
	for _, rule := range rules {
		network := cniNetwork.FindStringSubmatch(rule)
		switch {
		case network == nil:
		case network[1] == clusterName:
			for _, chain := range cniChain.FindAllString(rule, -1) {
				ours[chain] = !strings.HasPrefix(chain, "CNI-HOSTPORT-") // those all networks share
			}
		default:
			foreign = true
		}
	}
	return slices.DeleteFunc(slices.Clone(chains), func(chain string) bool {
		isCNI := strings.HasPrefix(chain, "CNI-")
		return keep.keepsChain(chain) || !strings.HasPrefix(chain, "KUBE-") && !(isCNI && (ours[chain] || !foreign))
	})
}

// ownRules returns the rules that must go: those that lead from a chain that is not the lab's to one that is, those with
// the lab's mark, and those with kube-router's. Rules in the lab's own chains go with their chain.
func ownRules(rules, chains []string, keep firewall) []string {
	marks := []string{mark}
	if !keep.keepsChain("KUBE-ROUTER-FORWARD") {
		marks = append(marks, "KUBE-ROUTER")
	}
	return slices.DeleteFunc(slices.Clone(rules), func(rule string) bool {
		fields := strings.Fields(rule)
		if slices.Contains(chains, fields[1]) {
			return true
		}
		for i, field := range fields[:len(fields)-1] {
			next := strings.Trim(fields[i+1], `"`)
			marked := field == "--comment" && slices.Contains(marks, next)
			if marked || (field == "-j" || field == "-g") && slices.Contains(chains, next) {
				return false
			}
		}
		return true
	})
}

// cleanupScript turns the output of iptables-save into an iptables-restore script that removes the lab's rules and
// chains and leaves all others as they are. It is "" when there is nothing to remove.
func cleanupScript(saved string, keep firewall) string {
	var script strings.Builder
	var table string
	var chains, rules []string
	for line := range strings.Lines(saved) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "*"):
			table, chains, rules = line, nil, nil
		case strings.HasPrefix(line, ":"):
			chains = append(chains, strings.Fields(line[1:])[0])
		case strings.HasPrefix(line, "-A "):
			rules = append(rules, line)
		case line == "COMMIT":
			script.WriteString(cleanupTable(table, chains, rules, keep))
		}
	}
	return script.String()
}

func cleanupTable(table string, chains, rules []string, keep firewall) string {
	chains = ownChains(chains, rules, keep)
	rules = ownRules(rules, chains, keep)
	if len(chains)+len(rules) == 0 {
		return ""
	}
	lines := []string{table}
	for _, chain := range chains { // declared again, a chain is emptied
		lines = append(lines, ":"+chain+" - [0:0]")
	}
	for _, rule := range rules {
		lines = append(lines, "-D "+strings.TrimPrefix(rule, "-A "))
	}
	for _, chain := range chains {
		lines = append(lines, "-X "+chain)
	}
	return strings.Join(append(lines, "COMMIT"), "\n") + "\n"
}
