// Command one-service is another Pulumi program that takes one component from this repository: it runs a given image as a
// service with probes, a restricted pod and a Secret, without any of this project's configuration.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"todo/components"
	"todo/spec"
)

func main() { pulumi.Run(deploy) }

func deploy(ctx *pulumi.Context) error {
	cfg := config.New(ctx, "")
	shop, err := components.NewWorkload(ctx, "shop", components.WorkloadArgs{
		Service: "shop", Instance: "shop-" + ctx.Stack(), Namespace: pulumi.String("default"),
		Image: pulumi.String(cfg.Require("image")), Port: 8080, Replicas: 2,
		Probes: spec.Probes{Liveness: "/live", Readiness: "/ready", ReadinessPeriodSeconds: 10},
		Resources: spec.Resources{
			Requests: spec.Quantities{CPU: "100m", Memory: "128Mi", EphemeralStorage: "64Mi"},
			Limits:   spec.Quantities{CPU: "500m", Memory: "256Mi", EphemeralStorage: "128Mi"},
		},
		EnvironmentArgs: components.EnvironmentArgs{
			Secrets: map[string]pulumi.StringInput{"PAYMENT_KEY": cfg.RequireSecret("paymentKey")},
		},
	})
	if err != nil {
		return err
	}
	ctx.Export("address", pulumi.Sprintf("http://%s:8080", shop.Service))
	return nil
}
