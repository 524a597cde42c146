package components

import (
	"errors"
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Exposure lets users outside the cluster in. It only adds to the workloads' own Services: changing the mode replaces no
// workload, and rolls just the pods whose configuration holds a URL.
type Exposure struct {
	pulumi.ResourceState

	// NodePorts are the ports on every node, by service; empty without NodePorts.
	NodePorts pulumi.IntMapOutput `pulumi:"nodePorts"`
	// LoadBalancers are the addresses that host names have to point at, by service; "pending" until the cluster has given
	// one, which `pulumi refresh` sees. Empty without LoadBalancers.
	LoadBalancers pulumi.StringMapOutput `pulumi:"loadBalancers"`
}

// ExposureArgs are an Exposure's inputs. All of them may be absent: a cluster is reached by port-forward anyway.
type ExposureArgs struct {
	Instance      string // the installation, for labels and selectors
	Namespace     pulumi.StringInput
	NodePorts     []NodePort
	LoadBalancers *LoadBalancerArgs // nil is none
	Certificate   *CertificateArgs  // nil is none; else the Ingress and the Gateway use it, whatever their TLSSecret
	Ingress       *IngressArgs      // nil is none
	Gateway       *GatewayArgs      // nil is none
}

// NodePort opens one workload on a port of every node.
type NodePort struct {
	Workload *Workload
	Service  string
	Port     int
	NodePort int // 30000 to 32767
}

// LoadBalancerArgs give each route's workload a load balancer of its own.
type LoadBalancerArgs struct {
	Class       string            // "" is the cluster's own
	Annotations map[string]string // of each Service
	Port        int               // of every load balancer: 80, or 443 where it terminates TLS
	Routes      []Route
}

// Route sends the paths of a host to a workload, unrewritten.
type Route struct {
	Host string
	Path string // prefix; "" is /
	// Annotations are of this route alone: it then has an Ingress of its own, or they are its HTTPRoute's.
	Annotations map[string]string
	Service     string
	Workload    *Workload
	Port        int // of the workload's Service
}

// skipAwait keeps `pulumi up` from waiting for an address that only a controller assigns. On a cluster without one it would
// wait for ten minutes and fail (pulumi/pulumi-kubernetes#567, #1812). What the users meet is asked by the smoke test.
const skipAwait = "pulumi.com/skipAwait"

// pending stands for a load balancer's address that is not assigned yet.
const pending = "pending"

// Validate reports what is wrong with the args.
func (a ExposureArgs) Validate() error {
	errs := []error{}
	if a.Namespace == nil || a.Instance == "" {
		errs = append(errs, errors.New("Namespace and Instance are required"))
	}
	if l := a.LoadBalancers; l != nil {
		if len(l.Routes) == 0 {
			errs = append(errs, errors.New("LoadBalancers needs Routes; leave it nil for none"))
		}
		errs = append(errs, validPort("LoadBalancers", l.Port))
	}
	if a.Certificate != nil {
		if a.Certificate.Chain == nil || a.Certificate.Key == nil {
			errs = append(errs, errors.New("Certificate needs Chain and Key; leave it nil for none"))
		}
		a = a.with(pulumi.String("of the Certificate").ToStringOutput())
	}
	if a.Ingress != nil && (len(a.Ingress.Routes) == 0 || a.Ingress.TLSSecret == nil) {
		errs = append(errs, errors.New("Ingress needs Routes and TLSSecret; leave it nil for none"))
	}
	if a.Gateway != nil {
		errs = append(errs, a.Gateway.Validate())
	}
	return errors.Join(errs...)
}

// NewExposure creates `<name>-<service>-nodeport` per NodePort, `<name>-<service>-loadbalancer` per load balancer,
// `<name>-certificate`, what newIngresses says, and for a Gateway what newGateway says.
func NewExposure(ctx *pulumi.Context, name string, args ExposureArgs, opts ...pulumi.ResourceOption) (*Exposure, error) {
	if err := args.Validate(); err != nil {
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
	addresses := pulumi.StringMap{}
	if args.LoadBalancers != nil {
		for _, r := range args.LoadBalancers.Routes {
			address, err := newLoadBalancer(ctx, fmt.Sprintf("%s-%s-loadbalancer", name, r.Service), args, r, child)
			if err != nil {
				return nil, err
			}
			addresses[r.Service] = address
		}
	}
	if args.Certificate != nil {
		secret, err := newCertificate(ctx, name+"-certificate", args, child)
		if err != nil {
			return nil, err
		}
		args = args.with(secret)
	}
	if args.Ingress != nil {
		if err := newIngresses(ctx, name, args, child); err != nil {
			return nil, err
		}
	}
	if args.Gateway != nil {
		if err := newGateway(ctx, name, args, child); err != nil {
			return nil, err
		}
	}
	e.NodePorts, e.LoadBalancers = open.ToIntMapOutput(), addresses.ToStringMapOutput()
	return e, ctx.RegisterResourceOutputs(e, pulumi.Map{"nodePorts": e.NodePorts, "loadBalancers": e.LoadBalancers})
}

func newNodePort(ctx *pulumi.Context, name string, args ExposureArgs, p NodePort, child []pulumi.ResourceOption) error {
	// Two Services cannot hold one node port, not even while one replaces the other.
	opts := append(append([]pulumi.ResourceOption{}, child...), pulumi.DeleteBeforeReplace(true))
	_, err := corev1.NewService(ctx, name, &corev1.ServiceArgs{
		Metadata: args.meta(p.Service, nil),
		Spec: &corev1.ServiceSpecArgs{
			Type:     pulumi.String("NodePort"),
			Selector: pulumi.ToStringMap(p.Workload.Selector),
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

// newLoadBalancer returns the address that the cluster gave, or pending.
func newLoadBalancer(ctx *pulumi.Context, name string, args ExposureArgs, r Route, child []pulumi.ResourceOption) (pulumi.StringOutput, error) {
	spec := &corev1.ServiceSpecArgs{
		Type:     pulumi.String("LoadBalancer"),
		Selector: pulumi.ToStringMap(r.Workload.Selector),
		Ports: corev1.ServicePortArray{corev1.ServicePortArgs{
			Name: pulumi.String(portName), Port: pulumi.Int(args.LoadBalancers.Port), TargetPort: pulumi.String(portName),
		}},
	}
	if args.LoadBalancers.Class != "" {
		spec.LoadBalancerClass = pulumi.String(args.LoadBalancers.Class)
	}
	service, err := corev1.NewService(ctx, name, &corev1.ServiceArgs{
		Metadata: args.meta(r.Service, map[string]string{skipAwait: "true"}, args.LoadBalancers.Annotations), Spec: spec,
	}, child...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("%s: creating Service: %w", name, err)
	}
	return service.Status.ApplyT(assigned).(pulumi.StringOutput), nil
}

// assigned is the first address in a Service's status. Clouds give an address or a host name.
func assigned(status *corev1.ServiceStatus) string {
	if status != nil && status.LoadBalancer != nil {
		for _, entry := range status.LoadBalancer.Ingress {
			if entry.Hostname != nil && *entry.Hostname != "" {
				return *entry.Hostname
			}
			if entry.Ip != nil && *entry.Ip != "" {
				return *entry.Ip
			}
		}
	}
	return pending
}

// meta is an object's metadata; later annotations win over earlier ones.
func (a ExposureArgs) meta(role string, annotations ...map[string]string) *metav1.ObjectMetaArgs {
	meta := &metav1.ObjectMetaArgs{Namespace: a.Namespace, Labels: pulumi.ToStringMap(labels(role, a.Instance))}
	all := pulumi.StringMap{}
	for _, some := range annotations {
		for key, value := range some {
			all[key] = pulumi.String(value)
		}
	}
	if len(all) > 0 {
		meta.Annotations = all
	}
	return meta
}
