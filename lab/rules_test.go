//go:build linux

package main

import (
	"strings"
	"testing"
)

const savedRules = `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:DOCKER - [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-ROUTER-FORWARD - [0:0]
-A FORWARD -m comment --comment "kube-router netpol - TEMCG2JMHZYE7H7T" -j KUBE-ROUTER-FORWARD
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -s 10.244.0.0/16 -m comment --comment todo-lab -j ACCEPT
-A FORWARD -m comment --comment "KUBE-ROUTER rule to explicitly ACCEPT traffic" -m mark --mark 0x20000/0x20000 -j ACCEPT
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
COMMIT
*nat
:POSTROUTING ACCEPT [0:0]
:CNI-aaaa - [0:0]
:CNI-bbbb - [0:0]
-A POSTROUTING -s 10.244.0.2/32 -m comment --comment "name: \"todo-lab\" id: \"1\"" -j CNI-aaaa
-A POSTROUTING -s 10.88.0.2/32 -m comment --comment "name: \"podman\" id: \"2\"" -j CNI-bbbb
-A CNI-aaaa -d 10.244.0.0/24 -m comment --comment "name: \"todo-lab\" id: \"1\"" -j ACCEPT
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
COMMIT
`

func TestCleanupRemovesTheLabsRulesAndNoOthers(t *testing.T) {
	const want = `*filter
:KUBE-FORWARD - [0:0]
:KUBE-ROUTER-FORWARD - [0:0]
-D FORWARD -m comment --comment "kube-router netpol - TEMCG2JMHZYE7H7T" -j KUBE-ROUTER-FORWARD
-D FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-D FORWARD -s 10.244.0.0/16 -m comment --comment todo-lab -j ACCEPT
-D FORWARD -m comment --comment "KUBE-ROUTER rule to explicitly ACCEPT traffic" -m mark --mark 0x20000/0x20000 -j ACCEPT
-X KUBE-FORWARD
-X KUBE-ROUTER-FORWARD
COMMIT
*nat
:CNI-aaaa - [0:0]
-D POSTROUTING -s 10.244.0.2/32 -m comment --comment "name: \"todo-lab\" id: \"1\"" -j CNI-aaaa
-X CNI-aaaa
COMMIT
`
	if got := cleanupScript(savedRules, firewall{}); got != want {
		t.Errorf("the script is\n%s\nwant\n%s", got, want)
	}
}

func TestCleanupRemovesSharedChainsOfCNIWhenNobodyElseHasAny(t *testing.T) {
	got := cleanupScript("*nat\n:CNI-HOSTPORT-DNAT - [0:0]\n:CNI-HOSTPORT-MASQ - [0:0]\nCOMMIT\n", firewall{})
	if !strings.Contains(got, "-X CNI-HOSTPORT-DNAT\n") || !strings.Contains(got, "-X CNI-HOSTPORT-MASQ\n") {
		t.Errorf("chains that only the lab's pods used stay: %q", got)
	}
}

func TestCleanupOfAMachineWithoutTheLabIsNothing(t *testing.T) {
	if got := cleanupScript("*filter\n:DOCKER - [0:0]\n-A FORWARD -o docker0 -j DOCKER\nCOMMIT\n", firewall{}); got != "" {
		t.Errorf("rules of others are touched:\n%s", got)
	}
}
