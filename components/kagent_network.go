package components

import (
	"fmt"
	"slices"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// apiServerPorts are where API servers listen: clouds and OpenShift's front, kubeadm, k3s and kind, Minikube. A policy sees
// that port and not the Service's 443, and nothing in the cluster tells it before the deployment.
var apiServerPorts = []int{443, 6443, 8443}

// networkPolicy keeps kagent to itself: its pods reach each other, the API server and the model, and nobody else's pods
// reach them. Users come through a port-forward. The watched namespace needs no rule: kagent reads it through the API server.
func (a KagentArgs) networkPolicy(ctx *pulumi.Context, name string, namespace pulumi.StringInput, opts ...pulumi.ResourceOption) error {
	own := networkingv1.NetworkPolicyPeerArray{networkingv1.NetworkPolicyPeerArgs{PodSelector: &metav1.LabelSelectorArgs{}}}
	servers := networkingv1.NetworkPolicyPortArray{}
	for _, port := range slices.Compact(slices.Sorted(slices.Values(append([]int{a.ModelPort}, apiServerPorts...)))) {
		servers = append(servers, portRule("TCP", port))
	}
	egress := networkingv1.NetworkPolicyEgressRuleArray{
		networkingv1.NetworkPolicyEgressRuleArgs{To: own},
		networkingv1.NetworkPolicyEgressRuleArgs{Ports: networkingv1.NetworkPolicyPortArray{portRule("UDP", dnsPort), portRule("TCP", dnsPort)}},
		networkingv1.NetworkPolicyEgressRuleArgs{Ports: servers},
	}
	_, err := networkingv1.NewNetworkPolicy(ctx, name+"-networkpolicy", &networkingv1.NetworkPolicyArgs{
		Metadata: &metav1.ObjectMetaArgs{Namespace: namespace, Labels: pulumi.ToStringMap(labels(kagentService, a.Instance))},
		Spec: &networkingv1.NetworkPolicySpecArgs{
			PodSelector: &metav1.LabelSelectorArgs{}, PolicyTypes: pulumi.ToStringArray([]string{"Ingress", "Egress"}),
			Ingress: networkingv1.NetworkPolicyIngressRuleArray{networkingv1.NetworkPolicyIngressRuleArgs{From: own}},
			Egress:  egress,
		},
	}, opts...)
	if err != nil {
		return fmt.Errorf("%s: creating NetworkPolicy: %w", name, err)
	}
	return nil
}
