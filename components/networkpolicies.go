package components

import (
	"errors"
	"fmt"
	"slices"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/spec"
)

// NetworkPolicies lets through the connections that are listed and no other, in both directions, for every pod of the
// namespace. It has no outputs. Where the cluster's network does not enforce policies they have no effect.
//
// What needs no rule: a node reaches its own pods (kubelet's probes), and a port-forward ends inside the pod.
type NetworkPolicies struct {
	pulumi.ResourceState
}

// NetworkPoliciesArgs are a NetworkPolicies' inputs. Services are meant by their names in Peers.
type NetworkPoliciesArgs struct {
	Instance  string // the installation, for labels
	Namespace pulumi.StringInput
	Peers     []Peer   // every service of the namespace
	Flows     []Flow   // inside the namespace
	Public    []string // services that From may reach
	From      Outside
	Scrapes   []Scrape
	Egress    []Egress // out of the namespace, besides DNS
}

// Peer is one service: its pods, and the TCP port that they serve.
type Peer struct {
	Service  string
	Port     int // 0: they serve none, so that nothing may connect to them
	Selector map[string]string
}

// Flow lets the pods of one service connect to another's port.
type Flow struct{ From, To string }

// Outside is who may reach the public services from outside the namespace; the zero value is nobody.
type Outside struct {
	OtherNamespaces bool     // pods of every namespace but this one
	Namespaces      []string // pods of these
	CIDRs           []string
}

// Scrape lets the pods of another namespace connect to a service's metrics.
type Scrape struct {
	Service   string
	Port      int
	Namespace string
}

// Egress lets the pods of one service connect to a port outside the namespace.
type Egress struct {
	From string
	To   spec.Destination
}

// Validate reports what is wrong with the args.
func (a NetworkPoliciesArgs) Validate() error {
	var errs []error
	if a.Namespace == nil || a.Instance == "" {
		errs = append(errs, errors.New("Namespace and Instance are required"))
	}
	known, serving := map[string]bool{}, map[string]bool{}
	for _, p := range a.Peers {
		known[p.Service] = true
		if len(p.Selector) == 0 {
			errs = append(errs, fmt.Errorf("peer %q has no Selector; an empty one would mean every pod", p.Service))
		}
		if p.Port != 0 {
			errs = append(errs, validPort("peer "+p.Service, p.Port))
			serving[p.Service] = true
		}
	}
	var named []string
	reached := slices.Clone(a.Public)
	for _, f := range a.Flows {
		named, reached = append(named, f.From), append(reached, f.To)
	}
	for _, service := range reached {
		if known[service] && !serving[service] {
			errs = append(errs, fmt.Errorf("%q serves no port that anybody could connect to", service))
		}
	}
	named = append(named, reached...)
	for _, s := range a.Scrapes {
		named = append(named, s.Service)
		errs = append(errs, validPort("metrics of "+s.Service, s.Port))
		if s.Namespace == "" {
			errs = append(errs, fmt.Errorf("the scraper of %q has no Namespace", s.Service))
		}
	}
	for _, e := range a.Egress {
		named = append(named, e.From)
		errs = append(errs, validPort("egress of "+e.From, e.To.Port))
	}
	for _, service := range named {
		if !known[service] {
			errs = append(errs, fmt.Errorf("%q is not among Peers", service))
		}
	}
	return errors.Join(errs...)
}

func validPort(what string, port int) error {
	if port < 1 || port > 65535 {
		return fmt.Errorf("%s: Port is %d; allowed: 1 to 65535", what, port)
	}
	return nil
}

// NewNetworkPolicies creates `<name>-default-deny`, `<name>-dns`, and `<name>-<service>` for each peer: all that may
// reach its pods, and all that they may reach, stands in one place.
func NewNetworkPolicies(ctx *pulumi.Context, name string, args NetworkPoliciesArgs, opts ...pulumi.ResourceOption) (*NetworkPolicies, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	n := &NetworkPolicies{}
	if err := ctx.RegisterComponentResource(componentType("NetworkPolicies"), name, n, opts...); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	child := withParent(n)

	policy := func(role, service string, spec *networkingv1.NetworkPolicySpecArgs) error {
		_, err := networkingv1.NewNetworkPolicy(ctx, name+"-"+role, &networkingv1.NetworkPolicyArgs{
			Metadata: &metav1.ObjectMetaArgs{Namespace: args.Namespace, Labels: pulumi.ToStringMap(labels(service, args.Instance))},
			Spec:     spec,
		}, child...)
		if err != nil {
			return fmt.Errorf("%s: creating NetworkPolicy %s: %w", name, role, err)
		}
		return nil
	}
	// No rules in either direction. It also holds for pods that nobody thought of when the others were written.
	if err := policy("default-deny", "default-deny", &networkingv1.NetworkPolicySpecArgs{
		PodSelector: &metav1.LabelSelectorArgs{}, PolicyTypes: pulumi.ToStringArray([]string{"Ingress", "Egress"}),
	}); err != nil {
		return nil, err
	}
	// Port 53 of any address: the resolver is a pod of kube-system on most clusters, and a link-local address of the
	// node where a cache runs there. The price is a narrow way out for whoever controls a name server.
	if err := policy("dns", "dns", &networkingv1.NetworkPolicySpecArgs{
		PodSelector: &metav1.LabelSelectorArgs{}, PolicyTypes: pulumi.ToStringArray([]string{"Egress"}),
		Egress: networkingv1.NetworkPolicyEgressRuleArray{networkingv1.NetworkPolicyEgressRuleArgs{
			Ports: networkingv1.NetworkPolicyPortArray{portRule("UDP", dnsPort), portRule("TCP", dnsPort)},
		}},
	}); err != nil {
		return nil, err
	}
	for _, p := range args.Peers {
		if err := policy(p.Service, p.Service, &networkingv1.NetworkPolicySpecArgs{
			PodSelector: podSelector(p), PolicyTypes: pulumi.ToStringArray([]string{"Ingress", "Egress"}),
			Ingress: args.ingress(p), Egress: args.egress(p),
		}); err != nil {
			return nil, err
		}
	}
	return n, ctx.RegisterResourceOutputs(n, pulumi.Map{})
}
