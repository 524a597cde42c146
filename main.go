// Command todo is the Pulumi program: it turns the source of a three-service Todo application into a running one.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/components"
	"todo/config"
)

func main() {
	var keys config.Keys
	pulumi.Run(deploy(&keys), keys.Read)
}

// deploy is the whole program. keys must have been read by the time it runs.
func deploy(keys *config.Keys) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		cfg, err := keys.Load(ctx)
		if err != nil {
			return err
		}
		app, err := components.NewTodoApp(ctx, "todo", cfg)
		if err != nil {
			return err
		}
		ctx.Export("webUrl", app.WebURL)
		ctx.Export("chatbotUrl", app.ChatbotURL)
		ctx.Export("apiUrl", app.APIURL)
		ctx.Export("namespace", app.Namespace)
		ctx.Export("images", app.Images)
		ctx.Export("nodePorts", app.NodePorts)
		if cfg.Exposure == config.LoadBalancer {
			ctx.Export("loadBalancers", app.LoadBalancers)
		}
		ctx.Export("kubeContext", pulumi.String(cfg.Kube.Context))
		ctx.Export("next", pulumi.String(cfg.NextCommand()))
		return nil
	}
}
