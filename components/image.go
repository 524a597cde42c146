package components

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Image is one service's container image: built from source under a tag made of its content, or given.
//
// Unchanged content has an unchanged name, so it is not built, not pushed and rolls nothing; the tag also spares the
// pods a :latest that changes its meaning.
type Image struct {
	pulumi.ResourceState

	// Ref is what pods run. It resolves when the image is where the cluster can get it.
	Ref pulumi.StringOutput `pulumi:"ref"`
}

// ImageArgs are an Image's inputs. Either Reference, or Repository, Tag and Build.
type ImageArgs struct {
	Reference string // a ready-made image; nothing is built

	Repository string // [registry/]path, without tag
	Tag        string // Build.ContentTag()
	Build      Build
	Push       bool           // to the registry in Repository; false leaves the image in the Engine that built it
	Login      *RegistryLogin // nil is Docker's own
	PinDigest  bool           // Ref is repository@sha256:…; needs Push
	// Load copies the built image into the cluster's nodes, unless they have it; nil where they run the Engine's images.
	Load func(ctx context.Context, image string) error
}

// Validate reports what is wrong with the args.
func (a ImageArgs) Validate() error {
	if a.Reference != "" {
		return nil
	}
	if a.Repository == "" || a.Tag == "" {
		return errors.New("either Reference, or Repository and Tag are required")
	}
	if a.PinDigest && !a.Push {
		return errors.New("PinDigest needs Push: only a registry gives an image its digest")
	}
	if a.Load != nil && a.Push {
		return errors.New("Load and Push are two ways to the nodes: set one")
	}
	return nil
}

// NewImage creates `<name>-build`, or nothing for a given reference.
func NewImage(ctx *pulumi.Context, name string, args ImageArgs, opts ...pulumi.ResourceOption) (*Image, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	i := &Image{}
	if err := ctx.RegisterComponentResource(componentType("Image"), name, i, opts...); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if args.Reference != "" {
		i.Ref = pulumi.String(args.Reference).ToStringOutput()
		return i, ctx.RegisterResourceOutputs(i, pulumi.Map{"ref": i.Ref})
	}

	// Paths stay relative to the project's folder: an absolute one would show a change on every other machine.
	var login docker.RegistryPtrInput
	if args.Login != nil {
		host, _, _ := strings.Cut(args.Repository, "/")
		login = docker.RegistryArgs{
			Server: pulumi.String(host), Username: pulumi.String(args.Login.Username),
			Password: pulumi.ToSecret(args.Login.Password).(pulumi.StringOutput),
		}
	}
	build, err := docker.NewImage(ctx, name+"-build", &docker.ImageArgs{
		Registry:  login,
		ImageName: pulumi.String(args.Repository + ":" + args.Tag),
		SkipPush:  pulumi.Bool(!args.Push),
		Build: &docker.DockerBuildArgs{
			Context:        pulumi.String(args.Build.Context),
			Dockerfile:     pulumi.String(args.Build.Dockerfile),
			Args:           pulumi.ToStringMap(args.Build.Args),
			Target:         optional(args.Build.Target),
			Platform:       pulumi.String(args.Build.Platform),
			BuilderVersion: docker.BuilderVersionBuilderBuildKit,
		},
	}, append(withParent(i), ignoreProxies()...)...)
	if err != nil {
		return nil, fmt.Errorf("%s: building %s: %w", name, args.Build.Context, err)
	}
	i.Ref = build.ImageName
	if args.PinDigest {
		i.Ref = pinned(build.RepoDigest, args.Repository)
	}
	if args.Load != nil && !ctx.DryRun() {
		i.Ref = loaded(ctx, build.ImageName, args)
	}
	return i, ctx.RegisterResourceOutputs(i, pulumi.Map{"ref": i.Ref})
}

// digest is a reference that cannot change its meaning.
var digest = regexp.MustCompile(`^[^@]+@sha256:[0-9a-f]{64}$`)

// pinned refuses what the plugin says of an image whose digest the Engine does not know, <none>@<none>: pods could not pull it.
func pinned(repoDigest pulumi.StringOutput, repository string) pulumi.StringOutput {
	return repoDigest.ApplyT(func(reference string) (string, error) {
		if !digest.MatchString(reference) {
			return "", fmt.Errorf("the registry gave %s no digest (%q); push once more: make up", repository, reference)
		}
		return reference, nil
	}).(pulumi.StringOutput)
}

// loaded resolves when the nodes have the image, so whatever runs it waits. Every update looks: the nodes may be new
// ones although the image is old.
func loaded(ctx *pulumi.Context, image pulumi.StringOutput, args ImageArgs) pulumi.StringOutput {
	return image.ApplyT(func(image string) (string, error) {
		if err := args.Load(ctx.Context(), image); err != nil {
			return "", fmt.Errorf("%w; if the Docker Engine has lost the image, make up builds it again", err)
		}
		return image, nil
	}).(pulumi.StringOutput)
}
