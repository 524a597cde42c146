package components

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/config"
	"todo/spec"
	"todo/target"
)

// What TodoApp works out from plain configuration: nothing here registers a resource.

// imagePlan is one service's image: everything known before anything is registered.
type imagePlan struct {
	service string
	args    ImageArgs
	version string // the image's tag or digest
}

// planImages hashes and stages the sources of all services that are built, so that an unreadable file stops the
// program while nothing exists yet.
func planImages(cfg *config.Config) ([]imagePlan, error) {
	var plans []imagePlan
	for _, s := range cfg.Services() {
		args := ImageArgs{Reference: s.Image}
		if s.Image == "" {
			build := Build{
				Root:       cfg.Root,
				Context:    cfg.SourceFolder(s),
				Dockerfile: s.Dockerfile(),
				Args:       buildArgs(cfg, s),
				Platform:   cfg.Images.Platform,
			}
			tag, err := build.ContentTag()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.Name, err)
			}
			if build, err = build.Stage(cfg.StagingFolder(), s.Name, tag); err != nil {
				return nil, fmt.Errorf("%s: %w", s.Name, err)
			}
			build.Args = merged(build.Args, cfg.Images.Proxies) // after the tag
			args = ImageArgs{
				Repository: "todo/" + s.Name, Tag: tag, Build: build,
				Push:      cfg.Images.Registry != "",
				Login:     cfg.Images.Login,
				PinDigest: cfg.Production && cfg.Images.Registry != "",
			}
			switch {
			case args.Push:
				args.Repository = cfg.Images.Registry + "/" + args.Repository
			case cfg.Images.Loader != nil:
				args.Repository, args.Load = target.Prefix+args.Repository, cfg.Images.Loader.Load
			}
		}
		plans = append(plans, imagePlan{service: s.Name, args: args, version: cmp.Or(args.Tag, versionOf(s.Image))})
	}
	return plans, nil
}

// versionOf is a given reference's tag, or its digest.
func versionOf(reference string) string {
	name, digest, pinned := strings.Cut(reference, "@")
	if tag := name[strings.LastIndex(name, "/")+1:]; strings.Contains(tag, ":") {
		return tag[strings.Index(tag, ":")+1:]
	}
	if pinned {
		return digest
	}
	return "latest"
}

// buildArgs never hold a secret: they stay readable in the image's history.
func buildArgs(cfg *config.Config, s config.Service) map[string]string {
	switch s.Name {
	case cfg.Backend.Name:
		return map[string]string{"PYTHON_IMAGE": cfg.Images.BaseImages.Python}
	case cfg.Web.Name:
		// Next.js writes NEXT_PUBLIC_* into the browser's code; an application that reads it there needs it now.
		return merged(map[string]string{"NODE_IMAGE": cfg.Images.BaseImages.Node}, map[string]string{"NEXT_PUBLIC_API_URL": cmp.Or(cfg.APIURL(), s.Env["NEXT_PUBLIC_API_URL"])})
	default:
		return map[string]string{"NODE_IMAGE": cfg.Images.BaseImages.Node}
	}
}

// migrateOnStart switches the backend's own migration off where the Job runs it.
func migrateOnStart(m config.Migration) string {
	if !m.Enabled {
		return ""
	}
	return "false"
}

func autoscaling(s config.Service) *spec.Autoscaling {
	if !s.Autoscaling.Enabled {
		return nil
	}
	return &s.Autoscaling
}

// exposureArgs turns the exposure of the configuration into what has to exist for it.
func exposureArgs(cfg *config.Config, instance string, namespace pulumi.StringInput, three workloads) ExposureArgs {
	args := ExposureArgs{Instance: instance, Namespace: namespace}
	route := func(s config.Service, w *Workload) Route {
		return Route{Host: cfg.Host(s), Service: s.Name, Workload: w, Port: s.Port}
	}
	routes := slices.DeleteFunc([]Route{route(cfg.Web, three.web), route(cfg.Chatbot, three.chatbot), route(cfg.Backend, three.backend)},
		func(r Route) bool { return r.Workload == nil }) // one that is not enabled
	issuer := Issuer{Issuer: cfg.TLS.Issuer, ClusterIssuer: cfg.TLS.ClusterIssuer}
	var secret pulumi.StringInput // nil: the certificate is given, or elsewhere
	if cfg.TLS.Certificate != nil {
		args.Certificate = &CertificateArgs{Chain: cfg.TLS.Certificate.Chain, Key: cfg.TLS.Certificate.Key}
	} else {
		secret = pulumi.String(cfg.TLS.Secret)
	}
	switch cfg.Exposure {
	case config.LoadBalancer:
		args.LoadBalancers = &LoadBalancerArgs{
			Class: cfg.LoadBalancer.Class, Annotations: cfg.ExposureAnnotations, Port: cfg.LoadBalancer.Port(), Routes: routes,
		}
	case config.Ingress:
		args.Ingress = &IngressArgs{
			Class: cfg.Ingress.Class, TLSSecret: secret, Issuer: issuer, Annotations: cfg.ExposureAnnotations, Routes: routes,
		}
	case config.Gateway:
		args.Gateway = &GatewayArgs{Routes: routes}
		if g := cfg.Gateway; g.Own() {
			args.Gateway.Own = &OwnGatewayArgs{
				Class: g.Class, TLSSecret: secret, Issuer: issuer, Annotations: cfg.ExposureAnnotations,
				HTTPPort: g.HTTPPort, HTTPSPort: g.HTTPSPort,
			}
		} else {
			args.Gateway.Parent = GatewayParent{Name: g.Name, Namespace: g.Namespace, HTTPListener: g.HTTPListener, HTTPSListener: g.HTTPSListener}
		}
	default: // localhost and nodePort differ in which services have one
		for _, r := range []struct {
			service  config.Service
			workload *Workload
		}{{cfg.Backend, three.backend}, {cfg.Web, three.web}, {cfg.Chatbot, three.chatbot}} {
			if r.service.NodePort != 0 && r.workload != nil {
				args.NodePorts = append(args.NodePorts, NodePort{
					Workload: r.workload, Service: r.service.Name, Port: r.service.Port, NodePort: r.service.NodePort,
				})
			}
		}
	}
	return args
}

// merged adds a service's own variables and leaves out those without a value: an empty one would look set.
func merged(own, extra map[string]string) map[string]string {
	all := map[string]string{}
	maps.Copy(all, own)
	maps.Copy(all, extra)
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	return all
}

// set leaves out secrets that were not configured.
func set(secrets map[string]pulumi.StringInput) map[string]pulumi.StringInput {
	all := maps.Clone(secrets)
	maps.DeleteFunc(all, func(_ string, value pulumi.StringInput) bool { return value == nil })
	return all
}
