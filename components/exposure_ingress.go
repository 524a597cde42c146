package components

import (
	"cmp"
	"fmt"

	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// IngressArgs put all hosts behind one TLS Secret.
type IngressArgs struct {
	Class       string // "" is the cluster's default class
	TLSSecret   pulumi.StringInput
	Issuer      Issuer
	Annotations map[string]string // win over those that follow from Class and Issuer
	Routes      []Route
}

// Issuer is what fills a TLS Secret: one of cert-manager's two kinds, or nobody.
type Issuer struct{ Issuer, ClusterIssuer string }

// annotations are what cert-manager looks for on an Ingress or a Gateway.
func (i Issuer) annotations() map[string]string {
	all := map[string]string{}
	if i.Issuer != "" {
		all["cert-manager.io/issuer"] = i.Issuer
	}
	if i.ClusterIssuer != "" {
		all["cert-manager.io/cluster-issuer"] = i.ClusterIssuer
	}
	return all
}

// httpsOnly are the annotations by which a controller serves https and sends http there, by its usual class. There are no
// portable ones. Traefik redirects by a setting of its entry point; what it needs to be told here is that the routes are TLS
// ones, or it would serve them over plain http too.
var httpsOnly = map[string]map[string]string{
	"nginx":   {"nginx.ingress.kubernetes.io/ssl-redirect": "true"},
	"traefik": {"traefik.ingress.kubernetes.io/router.tls": "true"},
	"haproxy": {"haproxy.org/ssl-redirect": "true"},
	"alb": {
		"alb.ingress.kubernetes.io/listen-ports": `[{"HTTP": 80}, {"HTTPS": 443}]`,
		"alb.ingress.kubernetes.io/ssl-redirect": "443",
	},
}

// newIngresses makes one Ingress for all hosts: they share a certificate, and a session cookie's domain. A route with
// annotations of its own has an Ingress `<name>-<service>-ingress`.
func newIngresses(ctx *pulumi.Context, name string, args ExposureArgs, child []pulumi.ResourceOption) error {
	var shared []Route
	for _, r := range args.Ingress.Routes {
		if len(r.Annotations) == 0 {
			shared = append(shared, r)
		} else if err := newIngress(ctx, fmt.Sprintf("%s-%s-ingress", name, r.Service), args, []Route{r}, child); err != nil {
			return err
		}
	}
	if len(shared) == 0 {
		return nil
	}
	return newIngress(ctx, name+"-ingress", args, shared, child)
}

func newIngress(ctx *pulumi.Context, name string, args ExposureArgs, routes []Route, child []pulumi.ResourceOption) error {
	var rules networkingv1.IngressRuleArray
	var hosts pulumi.StringArray
	for _, r := range routes {
		hosts = append(hosts, pulumi.String(r.Host))
		rules = append(rules, networkingv1.IngressRuleArgs{
			Host: pulumi.String(r.Host),
			Http: &networkingv1.HTTPIngressRuleValueArgs{Paths: networkingv1.HTTPIngressPathArray{networkingv1.HTTPIngressPathArgs{
				Path: pulumi.String(cmp.Or(r.Path, "/")), PathType: pulumi.String("Prefix"),
				Backend: &networkingv1.IngressBackendArgs{Service: &networkingv1.IngressServiceBackendArgs{
					Name: r.Workload.Service,
					Port: &networkingv1.ServiceBackendPortArgs{Name: pulumi.String(portName)},
				}},
			}}},
		})
	}
	spec := &networkingv1.IngressSpecArgs{
		Rules: rules,
		Tls:   networkingv1.IngressTLSArray{networkingv1.IngressTLSArgs{Hosts: hosts, SecretName: args.Ingress.TLSSecret}},
	}
	if args.Ingress.Class != "" {
		spec.IngressClassName = pulumi.String(args.Ingress.Class)
	}
	_, err := networkingv1.NewIngress(ctx, name, &networkingv1.IngressArgs{
		Metadata: args.meta("ingress", map[string]string{skipAwait: "true"}, httpsOnly[args.Ingress.Class],
			args.Ingress.Issuer.annotations(), args.Ingress.Annotations, routes[0].Annotations),
		Spec: spec,
	}, child...)
	if err != nil {
		return fmt.Errorf("%s: creating Ingress: %w", name, err)
	}
	return nil
}
