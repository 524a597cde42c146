package components

import (
	"slices"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/spec"
)

const (
	dnsPort = 53

	anyIPv4, anyIPv6 = "0.0.0.0/0", "::/0"
	// namespaceNameLabel is set on every namespace by the API server, and nobody can change it.
	namespaceNameLabel = "kubernetes.io/metadata.name"
)

// The addresses that are not the internet's: private networks, carriers' (some clouds number pods from it), and
// link-local, where clouds serve a node's credentials.
var (
	privateIPv4 = []string{"10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"}
	privateIPv6 = []string{"fc00::/7", "fe80::/10"}
)

// ingress is what may reach a service's ports.
func (a NetworkPoliciesArgs) ingress(p Peer) networkingv1.NetworkPolicyIngressRuleArray {
	var from networkingv1.NetworkPolicyPeerArray
	for _, f := range a.Flows {
		if f.To == p.Service {
			from = append(from, networkingv1.NetworkPolicyPeerArgs{PodSelector: podSelector(a.peer(f.From))})
		}
	}
	if slices.Contains(a.Public, p.Service) {
		from = append(from, a.From.peers(a.Namespace)...)
	}
	var rules networkingv1.NetworkPolicyIngressRuleArray
	allow := func(port int, from networkingv1.NetworkPolicyPeerArray) {
		if len(from) > 0 { // a rule without From would allow everybody
			rules = append(rules, networkingv1.NetworkPolicyIngressRuleArgs{From: from, Ports: networkingv1.NetworkPolicyPortArray{portRule("TCP", port)}})
		}
	}
	allow(p.Port, from)
	for _, s := range a.Scrapes {
		if s.Service == p.Service {
			allow(s.Port, Outside{Namespaces: []string{s.Namespace}}.peers(a.Namespace))
		}
	}
	return rules
}

// egress is what a service's pods may reach.
func (a NetworkPoliciesArgs) egress(p Peer) networkingv1.NetworkPolicyEgressRuleArray {
	var rules networkingv1.NetworkPolicyEgressRuleArray
	allow := func(port int, to networkingv1.NetworkPolicyPeerArray) {
		rule := networkingv1.NetworkPolicyEgressRuleArgs{Ports: networkingv1.NetworkPolicyPortArray{portRule("TCP", port)}}
		if len(to) > 0 {
			rule.To = to
		}
		rules = append(rules, rule)
	}
	for _, f := range a.Flows {
		if f.From == p.Service {
			to := a.peer(f.To)
			allow(to.Port, networkingv1.NetworkPolicyPeerArray{networkingv1.NetworkPolicyPeerArgs{PodSelector: podSelector(to)}})
		}
	}
	for _, e := range a.Egress {
		if e.From == p.Service {
			allow(e.To.Port, addresses(e.To))
		}
	}
	return rules
}

// addresses are a destination's; none stands for all, pods of the cluster included.
func addresses(d spec.Destination) networkingv1.NetworkPolicyPeerArray {
	switch {
	case d.PublicOnly:
		return networkingv1.NetworkPolicyPeerArray{ipBlock(anyIPv4, privateIPv4...), ipBlock(anyIPv6, privateIPv6...)}
	case d.CIDR != "":
		return networkingv1.NetworkPolicyPeerArray{ipBlock(d.CIDR)}
	}
	return nil
}

func (o Outside) peers(namespace pulumi.StringInput) networkingv1.NetworkPolicyPeerArray {
	var peers networkingv1.NetworkPolicyPeerArray
	if o.OtherNamespaces {
		peers = append(peers, networkingv1.NetworkPolicyPeerArgs{NamespaceSelector: &metav1.LabelSelectorArgs{
			MatchExpressions: metav1.LabelSelectorRequirementArray{metav1.LabelSelectorRequirementArgs{
				Key: pulumi.String(namespaceNameLabel), Operator: pulumi.String("NotIn"), Values: pulumi.StringArray{namespace},
			}},
		}})
	}
	if len(o.Namespaces) > 0 {
		peers = append(peers, networkingv1.NetworkPolicyPeerArgs{NamespaceSelector: &metav1.LabelSelectorArgs{
			MatchExpressions: metav1.LabelSelectorRequirementArray{metav1.LabelSelectorRequirementArgs{
				Key: pulumi.String(namespaceNameLabel), Operator: pulumi.String("In"), Values: pulumi.ToStringArray(o.Namespaces),
			}},
		}})
	}
	for _, cidr := range o.CIDRs {
		peers = append(peers, ipBlock(cidr))
	}
	return peers
}

// peer is the one of that name: validate has seen to it that there is one.
func (a NetworkPoliciesArgs) peer(service string) Peer {
	return a.Peers[slices.IndexFunc(a.Peers, func(p Peer) bool { return p.Service == service })]
}

func podSelector(p Peer) *metav1.LabelSelectorArgs {
	return &metav1.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(p.Selector)}
}

func portRule(protocol string, port int) networkingv1.NetworkPolicyPortArgs {
	return networkingv1.NetworkPolicyPortArgs{Protocol: pulumi.String(protocol), Port: pulumi.Int(port)}
}

func ipBlock(cidr string, except ...string) networkingv1.NetworkPolicyPeerArgs {
	block := &networkingv1.IPBlockArgs{Cidr: pulumi.String(cidr)}
	if len(except) > 0 {
		block.Except = pulumi.ToStringArray(except)
	}
	return networkingv1.NetworkPolicyPeerArgs{IpBlock: block}
}
