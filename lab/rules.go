package main

import (
	"slices"
	"strings"
)

// ownChains are the prefixes of chains that the lab's components make: kubelet, kube-proxy and kube-router, and the CNI
// portmap plugin.
var ownChains = []string{"KUBE-", "CNI-"}

func ownChain(name string) bool {
	return slices.ContainsFunc(ownChains, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// ownIPSet says whether kube-router made a set.
func ownIPSet(name string) bool {
	name = strings.TrimPrefix(name, "inet6:")
	return strings.HasPrefix(name, "KUBE-") || strings.HasPrefix(name, "kube-router-")
}

// cleanupScript turns the output of iptables-save into an iptables-restore script that removes the lab's rules and
// chains and leaves all others as they are. It is "" when there is nothing to remove.
func cleanupScript(saved string) string {
	var script strings.Builder
	var chains, rules []string
	table := ""
	for line := range strings.Lines(saved) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "*"):
			table, chains, rules = line, nil, nil
		case strings.HasPrefix(line, ":"):
			if name := strings.Fields(line[1:])[0]; ownChain(name) {
				chains = append(chains, name)
			}
		case strings.HasPrefix(line, "-A "):
			if ownRule(line) {
				rules = append(rules, "-D "+line[len("-A "):])
			}
		case line == "COMMIT" && len(chains)+len(rules) > 0:
			script.WriteString(table + "\n")
			for _, chain := range chains { // declared again, a chain is emptied
				script.WriteString(":" + chain + " - [0:0]\n")
			}
			for _, rule := range rules {
				script.WriteString(rule + "\n")
			}
			for _, chain := range chains {
				script.WriteString("-X " + chain + "\n")
			}
			script.WriteString("COMMIT\n")
		}
	}
	return script.String()
}

// ownRule says whether a rule in a chain that is not the lab's must go: it leads to one that is, or carries the mark.
// Rules in the lab's own chains go with their chain.
func ownRule(line string) bool {
	fields := strings.Fields(line)
	if ownChain(fields[1]) {
		return false
	}
	for i, field := range fields[:len(fields)-1] {
		next := strings.Trim(fields[i+1], `"`)
		if field == "--comment" && next == mark || (field == "-j" || field == "-g") && ownChain(next) {
			return true
		}
		if field == "--comment" && next == "name:" { // CNI's masquerading: `name: "todo-lab" id: …`
			return strings.Contains(line, `\"`+clusterName+`\"`)
		}
	}
	return false
}
