package components

import (
	"errors"
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Exposure lets users outside the cluster in. It only adds to the workloads' own Services, so changing the mode
// never touches a running pod.
type Exposure struct {
	pulumi.ResourceState

	// NodePorts are the ports on every node, by service; empty under an Ingress.
	NodePorts pulumi.IntMapOutput `pulumi:"nodePorts"`
}

// ExposureArgs are an Exposure's inputs: NodePorts or Ingress, or neither for a cluster reached by port-forward only.
type ExposureArgs struct {
	Instance  string // the installation, for labels and selectors
	Namespace pulumi.StringInput
	NodePorts []NodePort
	Ingress   *IngressArgs // nil is none
}

// NodePort opens one workload on a port of every node.
type NodePort struct {
	Workload *Workload
	Service  string
	Port     int
	NodePort int // 30000 to 32767
}

// IngressArgs put all hosts behind one TLS Secret.
type IngressArgs struct {
	Class     string // "" is the cluster's default class
	TLSSecret string
	Routes    []Route
}

// Route sends all paths of a host to a workload, unrewritten.
type Route struct {
	Host     string
	Workload *Workload
}

func (a ExposureArgs) validate() error {
	if a.Namespace == nil || a.Instance == "" {
		return errors.New("Namespace and Instance are required")
	}
	if a.Ingress != nil && (len(a.Ingress.Routes) == 0 || a.Ingress.TLSSecret == "") {
		return errors.New("Ingress needs Routes and TLSSecret; leave it nil for none")
	}
	return nil
}

// NewExposure creates `<name>-<service>-nodeport` per NodePort, and `<name>-ingress`.
func NewExposure(ctx *pulumi.Context, name string, args ExposureArgs, opts ...pulumi.ResourceOption) (*Exposure, error) {
	if err := args.validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	e := &Exposure{}
	if err := ctx.RegisterComponentResource(componentType("Exposure"), name, e, opts...); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	child := withParent(e)

	open := pulumi.IntMap{}
	for _, p := range args.NodePorts {
		if err := newNodePort(ctx, fmt.Sprintf("%s-%s-nodeport", name, p.Service), args, p, child); err != nil {
			return nil, err
		}
		open[p.Service] = pulumi.Int(p.NodePort)
	}
	if args.Ingress != nil {
		if err := newIngress(ctx, name+"-ingress", args, child); err != nil {
			return nil, err
		}
	}
	e.NodePorts = open.ToIntMapOutput()
	return e, ctx.RegisterResourceOutputs(e, pulumi.Map{"nodePorts": e.NodePorts})
}

func newNodePort(ctx *pulumi.Context, name string, args ExposureArgs, p NodePort, child []pulumi.ResourceOption) error {
	// Two Services cannot hold one node port, not even while one replaces the other.
	opts := append(append([]pulumi.ResourceOption{}, child...), pulumi.DeleteBeforeReplace(true))
	_, err := corev1.NewService(ctx, name, &corev1.ServiceArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Namespace: args.Namespace,
			Labels:    pulumi.ToStringMap(labels(p.Service, args.Instance)),
		},
		Spec: &corev1.ServiceSpecArgs{
			Type:     pulumi.String("NodePort"),
			Selector: pulumi.ToStringMap(p.Workload.selector),
			Ports: corev1.ServicePortArray{corev1.ServicePortArgs{
				Name: pulumi.String(portName), Port: pulumi.Int(p.Port),
				TargetPort: pulumi.String(portName), NodePort: pulumi.Int(p.NodePort),
			}},
		},
	}, opts...)
	if err != nil {
		return fmt.Errorf("%s: creating Service: %w", name, err)
	}
	return nil
}

// newIngress makes one Ingress for all hosts: they share a certificate, and a session cookie's domain.
func newIngress(ctx *pulumi.Context, name string, args ExposureArgs, child []pulumi.ResourceOption) error {
	var rules networkingv1.IngressRuleArray
	var hosts pulumi.StringArray
	for _, r := range args.Ingress.Routes {
		hosts = append(hosts, pulumi.String(r.Host))
		rules = append(rules, networkingv1.IngressRuleArgs{
			Host: pulumi.String(r.Host),
			Http: &networkingv1.HTTPIngressRuleValueArgs{Paths: networkingv1.HTTPIngressPathArray{networkingv1.HTTPIngressPathArgs{
				Path: pulumi.String("/"), PathType: pulumi.String("Prefix"),
				Backend: &networkingv1.IngressBackendArgs{Service: &networkingv1.IngressServiceBackendArgs{
					Name: r.Workload.Service,
					Port: &networkingv1.ServiceBackendPortArgs{Name: pulumi.String(portName)},
				}},
			}}},
		})
	}
	spec := &networkingv1.IngressSpecArgs{
		Rules: rules,
		Tls:   networkingv1.IngressTLSArray{networkingv1.IngressTLSArgs{Hosts: hosts, SecretName: pulumi.String(args.Ingress.TLSSecret)}},
	}
	if args.Ingress.Class != "" {
		spec.IngressClassName = pulumi.String(args.Ingress.Class)
	}
	_, err := networkingv1.NewIngress(ctx, name, &networkingv1.IngressArgs{
		Metadata: &metav1.ObjectMetaArgs{Namespace: args.Namespace, Labels: pulumi.ToStringMap(labels("ingress", args.Instance))},
		Spec:     spec,
	}, child...)
	if err != nil {
		return fmt.Errorf("%s: creating Ingress: %w", name, err)
	}
	return nil
}
