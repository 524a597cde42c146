package platform

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/config"
)

// noCluster is a kubeconfig without contexts. It keeps a preview away from whatever cluster the machine's own
// kubeconfig happens to point to; the provider then previews from the inputs alone.
const noCluster = "apiVersion: v1\nkind: Config\n"

// newProviders creates `<name>-kubernetes` and, if an image is built, `<name>-docker`: neither falls back to a default
// provider, and so to an ambient cluster or daemon. Random needs no settings and keeps its default.
func newProviders(ctx *pulumi.Context, name, instance string, cfg *config.Config, opts ...pulumi.ResourceOption) ([]pulumi.ProviderResource, error) {
	// Without an identifier the plugin takes another server or CA in the kubeconfig for another cluster, as after a rotation of
	// credentials. Everything would be made anew: as the same objects, for their names are fixed, which are then deleted as the old
	// ones, the namespace with all that is in it. What stays the same whatever the kubeconfig says never deletes; a context's name
	// would not do, for a renamed context is the same cluster.
	kubeArgs := &kubernetes.ProviderArgs{Context: pulumi.String(cfg.Kube.Context), ClusterIdentifier: pulumi.String(instance)}
	switch {
	case cfg.RenderYAML != "":
		// The provider takes no cluster beside the folder. It asks the machine's own, if there is one, which kinds are
		// namespaced, and changes nothing there.
		kubeArgs = &kubernetes.ProviderArgs{RenderYamlToDirectory: pulumi.String(cfg.RenderYAML)}
	case cfg.Kube.Absent:
		kubeArgs.Kubeconfig, kubeArgs.Context = pulumi.String(noCluster), pulumi.String("none")
	case cfg.Kube.Content != "":
		kubeArgs.Kubeconfig = secret(cfg.Kube.Content).ToStringOutput()
	case cfg.Kube.Path != "":
		// The path, not the content: credentials stay out of the state.
		kubeArgs.Kubeconfig = pulumi.String(cfg.Kube.Path)
	}
	kube, err := kubernetes.NewProvider(ctx, name+"-kubernetes", kubeArgs, opts...)
	if err != nil {
		return nil, fmt.Errorf("creating the Kubernetes provider: %w", err)
	}

	builds := slices.ContainsFunc(cfg.Services(), func(s config.Service) bool { return s.Built() })
	if !builds {
		return []pulumi.ProviderResource{kube}, nil // no need of the Docker plugin either
	}
	// Preview has to work without a daemon; a build that finds none says so itself.
	dockerArgs := &docker.ProviderArgs{DisableDockerDaemonCheck: pulumi.Bool(true)}
	if cfg.Docker.Host != "" {
		dockerArgs.Host = pulumi.String(cfg.Docker.Host)
	}
	if cfg.Docker.CertPath != "" {
		dockerArgs.CertPath = pulumi.String(cfg.Docker.CertPath)
	}
	builder, err := docker.NewProvider(ctx, name+"-docker", dockerArgs, opts...)
	if err != nil {
		return nil, fmt.Errorf("creating the Docker provider: %w", err)
	}
	return []pulumi.ProviderResource{kube, builder}, nil
}
