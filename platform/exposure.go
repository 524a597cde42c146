package platform

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/components"
	"todo/config"
)

// exposureArgs turns the exposure of the configuration into what has to exist for it.
func (b *builder) exposureArgs() components.ExposureArgs {
	cfg := b.cfg
	args := components.ExposureArgs{Instance: b.instance, Namespace: b.namespace}
	routes := b.routes()
	issuer := components.Issuer{Issuer: cfg.TLS.Issuer, ClusterIssuer: cfg.TLS.ClusterIssuer}
	var named pulumi.StringInput // nil: the certificate is given, or elsewhere
	if cfg.TLS.Certificate != nil {
		args.Certificate = &components.CertificateArgs{Chain: secret(cfg.TLS.Certificate.Chain), Key: secret(cfg.TLS.Certificate.Key)}
	} else {
		named = pulumi.String(cfg.TLS.Secret)
	}
	switch cfg.Exposure {
	case config.LoadBalancer:
		args.LoadBalancers = &components.LoadBalancerArgs{
			Class: cfg.LoadBalancer.Class, Annotations: cfg.ExposureAnnotations, Port: cfg.LoadBalancer.Port(), Routes: routes,
		}
	case config.Ingress:
		args.Ingress = &components.IngressArgs{
			Class: cfg.Ingress.Class, TLSSecret: named, Issuer: issuer, Annotations: cfg.ExposureAnnotations, Routes: routes,
		}
	case config.Gateway:
		args.Gateway = &components.GatewayArgs{Routes: routes}
		if g := cfg.Gateway; g.Own() {
			args.Gateway.Own = &components.OwnGatewayArgs{
				Class: g.Class, TLSSecret: named, Issuer: issuer, Annotations: cfg.ExposureAnnotations,
				HTTPPort: g.HTTPPort, HTTPSPort: g.HTTPSPort,
			}
		} else {
			args.Gateway.Parent = components.GatewayParent{Name: g.Name, Namespace: g.Namespace, HTTPListener: g.HTTPListener, HTTPSListener: g.HTTPSListener}
		}
	default: // localhost and nodePort differ in which services have one
		for _, s := range cfg.PublicServices() {
			if s.NodePort != 0 {
				args.NodePorts = append(args.NodePorts, components.NodePort{
					Workload: b.running[s.Name], Service: s.Name, Port: s.Port, NodePort: s.NodePort,
				})
			}
		}
	}
	return args
}

// routes are the public services, the backend last: the first host of a certificate is the one that people read.
func (b *builder) routes() []components.Route {
	var routes []components.Route
	for _, s := range b.cfg.PublicServices() {
		routes = append(routes, components.Route{
			Host: b.cfg.Host(s), Path: s.Public.Path, Annotations: s.Public.Annotations, Service: s.Name, Workload: b.running[s.Name], Port: s.Port,
		})
	}
	last := func(r components.Route) int {
		if r.Service == config.BackendName {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(routes, func(a, b components.Route) int { return last(a) - last(b) })
	return routes
}
