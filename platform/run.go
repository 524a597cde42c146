// Package platform makes a stack's application out of its configuration: the one place where configuration becomes the
// arguments of components.
package platform

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/config"
	"todo/target"
)

// project is the namespace of the configuration's keys.
const project = "todo:"

// Run is one run of the program. Read has to be among the options of pulumi.Run: the SDK tells a program its keys only
// there, and an unknown key could not be refused otherwise.
type Run struct{ values map[string]config.Value }

// Read is a pulumi.RunOption. It keeps the keys of this project.
func (r *Run) Read(info *pulumi.RunInfo) {
	r.values = map[string]config.Value{}
	for full, text := range info.Config {
		if key, ours := strings.CutPrefix(full, project); ours {
			r.values[key] = config.Value{Text: text, Secret: slices.Contains(info.ConfigSecretKeys, full)}
		}
	}
}

// Load reads and checks the stack's configuration, and prints its warnings. The error lists every problem; when there is
// one, nothing has been registered.
func (r *Run) Load(ctx *pulumi.Context) (*config.Config, error) {
	cfg, warnings, err := config.Load(ctx.Context(), config.Input{
		Stack: ctx.Stack(), Root: ctx.RootDirectory(), Preview: ctx.DryRun(), Values: r.values,
		StackOutput: func(stack, output string) (any, error) { return stackOutput(ctx, stack, output) },
	}, target.This())
	if err != nil {
		return nil, err
	}
	for _, w := range warnings {
		if err := ctx.Log.Warn(w, nil); err != nil {
			return nil, fmt.Errorf("printing a warning: %w", err)
		}
	}
	return cfg, nil
}

// Deploy is the whole program: it loads, builds the application, and exports what the commands and other stacks read.
func (r *Run) Deploy(ctx *pulumi.Context) error {
	cfg, err := r.Load(ctx)
	if err != nil {
		return err
	}
	app, err := NewTodoApp(ctx, "todo", cfg)
	if err != nil {
		return err
	}
	ctx.Export("webUrl", app.WebURL)
	ctx.Export("chatbotUrl", app.ChatbotURL)
	ctx.Export("apiUrl", app.APIURL)
	ctx.Export("urls", app.URLs)
	ctx.Export("smoke", smoke(cfg))
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

// smoke is what `make smoke` asks besides the probes.
func smoke(cfg *config.Config) pulumi.Map {
	checks := pulumi.Array{}
	for _, c := range cfg.Smoke {
		checks = append(checks, pulumi.Map{"service": pulumi.String(c.Service), "path": pulumi.String(c.Path), "status": pulumi.Int(c.Status)})
	}
	return pulumi.Map{"journey": pulumi.Bool(cfg.Journey), "checks": checks}
}

// stackOutput reads an output of another stack; nil when it has none of that name.
func stackOutput(ctx *pulumi.Context, stack, output string) (any, error) {
	reference, err := pulumi.NewStackReference(ctx, stack, nil)
	if err != nil {
		return nil, err
	}
	details, err := reference.GetOutputDetails(output)
	if err != nil {
		return nil, err
	}
	if details.SecretValue != nil {
		return details.SecretValue, nil
	}
	return details.Value, nil
}
