package components

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// GatewayArgs route all hosts through a Gateway of the Gateway API: a new one, or one that is there.
type GatewayArgs struct {
	Own    *OwnGatewayArgs // nil: Parent names one that is there
	Parent GatewayParent
	Routes []Route
}

// OwnGatewayArgs are a Gateway with a plain listener, which only redirects, and a TLS listener.
type OwnGatewayArgs struct {
	Class       string
	TLSSecret   pulumi.StringInput
	Issuer      Issuer
	Annotations map[string]string // win over those that follow from Issuer
	HTTPPort    int
	HTTPSPort   int
}

// GatewayParent is a Gateway that somebody else takes care of.
type GatewayParent struct {
	Name, Namespace             string // no Namespace is the stack's own
	HTTPListener, HTTPSListener string
}

const (
	gatewayAPI   = "gateway.networking.k8s.io/v1"
	httpListener = "http"
)

// httpsListener names the own Gateway's TLS listener of a route. Each host has one: cert-manager reads there which hosts a
// certificate is for.
func httpsListener(r Route) string { return "https-" + r.Service }

// Validate reports what is wrong with the args.
func (a *GatewayArgs) Validate() error {
	errs := []error{}
	if len(a.Routes) == 0 {
		errs = append(errs, errors.New("Gateway needs Routes; leave it nil for none"))
	}
	if (a.Own == nil) == (a.Parent.Name == "") {
		errs = append(errs, errors.New("Gateway needs either Own or the name of a Parent"))
	}
	if a.Own != nil {
		if a.Own.Class == "" || a.Own.TLSSecret == nil {
			errs = append(errs, errors.New("a Gateway of one's own needs Class and TLSSecret"))
		}
		errs = append(errs, validPort("HTTPPort", a.Own.HTTPPort), validPort("HTTPSPort", a.Own.HTTPSPort))
	} else if a.Parent.HTTPListener == "" || a.Parent.HTTPSListener == "" {
		errs = append(errs, errors.New("the Parent's two listeners are required"))
	}
	return errors.Join(errs...)
}

// newGateway creates `<name>-gateway` unless there is one already, `<name>-<service>-route` per route on the TLS listener,
// and `<name>-redirect`, which sends every host's plain http to https. The cluster needs the CRDs of the Gateway API.
func newGateway(ctx *pulumi.Context, name string, args ExposureArgs, child []pulumi.ResourceOption) error {
	g := args.Gateway
	parent := pulumi.Map{"name": pulumi.String(g.Parent.Name)}
	if g.Parent.Namespace != "" {
		parent["namespace"] = pulumi.String(g.Parent.Namespace)
	}
	plain, tls := g.Parent.HTTPListener, func(Route) string { return g.Parent.HTTPSListener }
	if g.Own != nil {
		gateway, err := newOwnGateway(ctx, name+"-gateway", args, child)
		if err != nil {
			return err
		}
		parent, plain, tls = pulumi.Map{"name": gateway.Metadata.Name().Elem()}, httpListener, httpsListener
	}
	attached := func(listener string) pulumi.Array {
		one := pulumi.Map{"sectionName": pulumi.String(listener)}
		for key, value := range parent {
			one[key] = value
		}
		return pulumi.Array{one}
	}

	var hosts pulumi.Array
	for _, r := range g.Routes {
		hosts = append(hosts, pulumi.String(r.Host))
		// A route that names a port by number: the Gateway API knows no port names.
		if err := newRoute(ctx, fmt.Sprintf("%s-%s-route", name, r.Service), args, r.Service, pulumi.Map{
			"parentRefs": attached(tls(r)),
			"hostnames":  pulumi.Array{pulumi.String(r.Host)},
			"rules":      pulumi.Array{rule(r)},
		}, r.Annotations, child); err != nil {
			return err
		}
	}
	return newRoute(ctx, name+"-redirect", args, "redirect", pulumi.Map{
		"parentRefs": attached(plain),
		"hostnames":  hosts,
		"rules": pulumi.Array{pulumi.Map{
			"filters": pulumi.Array{pulumi.Map{
				"type":            pulumi.String("RequestRedirect"),
				"requestRedirect": pulumi.Map{"scheme": pulumi.String("https"), "statusCode": pulumi.Int(301)},
			}},
		}},
	}, nil, child)
}

// rule sends a route's paths to its workload. All paths need no match.
func rule(r Route) pulumi.Map {
	all := pulumi.Map{"backendRefs": pulumi.Array{pulumi.Map{"name": r.Workload.Service, "port": pulumi.Int(r.Port)}}}
	if r.Path != "" && r.Path != "/" {
		all["matches"] = pulumi.Array{pulumi.Map{"path": pulumi.Map{"type": pulumi.String("PathPrefix"), "value": pulumi.String(r.Path)}}}
	}
	return all
}

func newOwnGateway(ctx *pulumi.Context, name string, args ExposureArgs, child []pulumi.ResourceOption) (*apiextensions.CustomResource, error) {
	own := args.Gateway.Own
	// Routes of other namespaces would share the hosts' certificate.
	ours := pulumi.Map{"namespaces": pulumi.Map{"from": pulumi.String("Same")}}
	listeners := pulumi.Array{pulumi.Map{
		"name": pulumi.String(httpListener), "port": pulumi.Int(own.HTTPPort), "protocol": pulumi.String("HTTP"), "allowedRoutes": ours,
	}}
	for _, r := range args.Gateway.Routes {
		listeners = append(listeners, pulumi.Map{
			"name": pulumi.String(httpsListener(r)), "port": pulumi.Int(own.HTTPSPort), "protocol": pulumi.String("HTTPS"),
			"hostname": pulumi.String(r.Host), "allowedRoutes": ours,
			"tls": pulumi.Map{
				"mode": pulumi.String("Terminate"), "certificateRefs": pulumi.Array{pulumi.Map{"name": own.TLSSecret}},
			},
		})
	}
	gateway, err := apiextensions.NewCustomResource(ctx, name, &apiextensions.CustomResourceArgs{
		ApiVersion: pulumi.String(gatewayAPI), Kind: pulumi.String("Gateway"),
		Metadata: args.meta("gateway", own.Issuer.annotations(), own.Annotations),
		OtherFields: kubernetes.UntypedArgs{"spec": pulumi.Map{
			"gatewayClassName": pulumi.String(own.Class),
			"listeners":        listeners,
		}},
	}, child...)
	if err != nil {
		return nil, fmt.Errorf("%s: creating Gateway: %w", name, err)
	}
	return gateway, nil
}

func newRoute(ctx *pulumi.Context, name string, args ExposureArgs, role string, spec pulumi.Map, annotations map[string]string, child []pulumi.ResourceOption) error {
	_, err := apiextensions.NewCustomResource(ctx, name, &apiextensions.CustomResourceArgs{
		ApiVersion: pulumi.String(gatewayAPI), Kind: pulumi.String("HTTPRoute"),
		Metadata: args.meta(role, annotations), OtherFields: kubernetes.UntypedArgs{"spec": spec},
	}, child...)
	if err != nil {
		return fmt.Errorf("%s: creating HTTPRoute: %w", name, err)
	}
	return nil
}
