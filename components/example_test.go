package components_test

import (
	"fmt"
	"slices"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/components"
	"todo/spec"
)

// A program of yours may use one component alone. Without WithMocks it is a whole Pulumi program.
func ExampleNewWorkload() {
	program := func(ctx *pulumi.Context) error {
		shop, err := components.NewWorkload(ctx, "shop", components.WorkloadArgs{
			Service: "shop", Instance: "shop-" + ctx.Stack(), Namespace: pulumi.String("shop"),
			Image: pulumi.String("registry.your-company.com/shop:1.4.2"), Port: 8080, Replicas: 2,
			Probes: spec.Probes{Liveness: "/live", Readiness: "/ready", ReadinessPeriodSeconds: 10},
			Resources: spec.Resources{
				Requests: spec.Quantities{CPU: "100m", Memory: "128Mi", EphemeralStorage: "64Mi"},
				Limits:   spec.Quantities{CPU: "500m", Memory: "256Mi", EphemeralStorage: "128Mi"},
			},
			EnvironmentArgs: components.EnvironmentArgs{
				Config:  map[string]string{"CURRENCY": "EUR"},
				Secrets: map[string]pulumi.StringInput{"PAYMENT_KEY": pulumi.String("from your configuration")},
			},
		})
		if err != nil {
			return err
		}
		ctx.Export("address", pulumi.Sprintf("http://%s:8080", shop.Service))
		return nil
	}

	cluster := &recorder{}
	if err := pulumi.RunErr(program, pulumi.WithMocks("shop", "dev", cluster)); err != nil {
		fmt.Println(err)
	}
	slices.Sort(cluster.made)
	for _, line := range cluster.made {
		fmt.Println(line)
	}
	// Output:
	// kubernetes:apps/v1:Deployment shop-deployment
	// kubernetes:core/v1:ConfigMap shop-config-configmap
	// kubernetes:core/v1:Secret shop-secrets-secret
	// kubernetes:core/v1:Service shop-service
	// kubernetes:core/v1:ServiceAccount shop-serviceaccount
	// kubernetes:policy/v1:PodDisruptionBudget shop-disruptionbudget
	// todo:components:AppConfig shop-config
	// todo:components:AppSecret shop-secrets
	// todo:components:Workload shop
}

// recorder stands in for the engine.
type recorder struct {
	mu   sync.Mutex
	made []string
}

func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.made = append(r.made, args.TypeToken+" "+args.Name)
	state := args.Inputs.Copy()
	state["metadata"] = resource.NewProperty(resource.PropertyMap{"name": resource.NewProperty(args.Name)})
	return args.Name, state, nil
}

func (r *recorder) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) { return nil, nil }
