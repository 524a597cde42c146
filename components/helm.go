package components

import (
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// helmRelease is the Kubernetes plugin's kubernetes:helm.sh/v3:Release: a chart that Helm installs, so that Helm's own tools
// know it, and whose preview needs no cluster, as that of the plugin's Chart does.
//
// The SDK has a type for it in a package with the older Chart, which draws in a Go type for each of Kubernetes' 300 kinds:
// 56 packages more to compile than the program has.
type helmRelease struct {
	pulumi.CustomResourceState
}

type helmReleaseArgs struct {
	Name      string // Helm's, which the charts make names from
	Namespace pulumi.StringInput
	Chart     string
	Version   string
	Values    pulumi.Map
	// TimeoutSeconds is how long its workloads may take to become Ready.
	TimeoutSeconds int
}

func newHelmRelease(ctx *pulumi.Context, name string, args helmReleaseArgs, opts ...pulumi.ResourceOption) (*helmRelease, error) {
	release := &helmRelease{}
	timeout := strconv.Itoa(args.TimeoutSeconds) + "s"
	err := ctx.RegisterResource("kubernetes:helm.sh/v3:Release", name, pulumi.Map{
		"name": pulumi.String(args.Name), "namespace": args.Namespace, "chart": pulumi.String(args.Chart), "version": pulumi.String(args.Version),
		"values": args.Values, "timeout": pulumi.Int(args.TimeoutSeconds),
	}, release, append(opts, pulumi.Timeouts(&pulumi.CustomTimeouts{Create: timeout, Update: timeout, Delete: timeout}))...)
	if err != nil {
		return nil, fmt.Errorf("%s: creating the Helm release %s: %w", name, args.Name, err)
	}
	return release, nil
}
