package components

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/config"
)

// TodoApp is the whole platform of one stack. Every other resource descends from it, and gets its providers from it.
type TodoApp struct {
	pulumi.ResourceState

	WebURL     pulumi.StringOutput    `pulumi:"webUrl"`     // the web front, for a browser
	ChatbotURL pulumi.StringOutput    `pulumi:"chatbotUrl"` // the chatbot, for a browser
	APIURL     pulumi.StringOutput    `pulumi:"apiUrl"`     // the backend, for clients outside the cluster
	Namespace  pulumi.StringOutput    `pulumi:"namespace"`
	Images     pulumi.StringMapOutput `pulumi:"images"`    // what each service's pods run
	NodePorts  pulumi.IntMapOutput    `pulumi:"nodePorts"` // by service; empty under an exposure with a domain
	// LoadBalancers are the addresses to point the host names at, by service; empty under another exposure.
	LoadBalancers pulumi.StringMapOutput `pulumi:"loadBalancers"`
}

// authSecretLength is that of 256 bits: 43 letters and digits.
const authSecretLength = 43

// NewTodoApp creates the stack's namespace, images, database (in development) and the three services.
func NewTodoApp(ctx *pulumi.Context, name string, cfg *config.Config, opts ...pulumi.ResourceOption) (*TodoApp, error) {
	plans, err := planImages(cfg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	app := &TodoApp{}
	opts = append(slices.Clone(opts), everywhere(cfg.Labels, cfg.Annotations))
	if err := ctx.RegisterComponentResource(componentType("TodoApp"), name, app, opts...); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	instance := name + "-" + cfg.Stack
	providers, err := newProviders(ctx, name, instance, cfg, pulumi.Parent(app))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	child := append(withParent(app), pulumi.Providers(providers...))

	ns, err := newNamespace(ctx, name+"-namespace", cfg.Namespace, instance, child...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	namespace := ns.Metadata.Name().Elem() // an output: whatever goes into the namespace waits for it

	pull, err := pullSecrets(ctx, name+"-pull-secret", instance, namespace, cfg.Images, child...)
	if err != nil {
		return nil, err
	}
	if cfg.ResourceQuota {
		if _, err := NewQuota(ctx, name+"-quota", quotaArgs(cfg, instance, namespace), child...); err != nil {
			return nil, err
		}
	}
	images, versions := map[string]*Image{}, map[string]string{}
	for _, plan := range plans {
		versions[plan.service] = plan.version
		if images[plan.service], err = NewImage(ctx, name+"-"+plan.service+"-image", plan.args, child...); err != nil {
			return nil, err
		}
	}
	authSecret, err := newAuthSecret(ctx, name+"-auth-secret", cfg, child...)
	if err != nil {
		return nil, err
	}
	db, err := newDatabase(ctx, name+"-database", cfg, instance, namespace, pull, child...)
	if err != nil {
		return nil, err
	}
	databaseURL := cfg.Secrets.DatabaseURL
	if databaseURL == nil && db != nil { // both: it is another role's, for the password has been rotated
		databaseURL = db.URL
	}

	migration, err := newMigration(ctx, name+"-migration", cfg, migrationInputs{
		instance: instance, namespace: namespace, image: images[cfg.Backend.Name], databaseURL: databaseURL, database: db, pullSecrets: pull,
	}, child...)
	if err != nil {
		return nil, err
	}

	three, err := newWorkloads(ctx, name, cfg, workloadsArgs{
		instance: instance, namespace: namespace, images: images, versions: versions, pullSecrets: pull,
		databaseURL: databaseURL, authSecret: authSecret, schema: migration.done(),
	}, child...)
	if err != nil {
		return nil, err
	}

	if cfg.NetworkPolicies {
		if _, err := NewNetworkPolicies(ctx, name+"-network-policies", flows(cfg, instance, namespace, three, db, migration).present(), child...); err != nil {
			return nil, err
		}
	}
	if err := newObservability(ctx, name+"-observability", cfg, instance, namespace, three.backend, child...); err != nil {
		return nil, err
	}
	exposure, err := NewExposure(ctx, name+"-exposure", exposureArgs(cfg, instance, namespace, three), child...)
	if err != nil {
		return nil, err
	}
	if cfg.Kagent != nil {
		if _, err := NewKagent(ctx, name+"-kagent", kagentArgs(cfg, instance, namespace), child...); err != nil {
			return nil, err
		}
	}
	return app, app.finish(ctx, cfg, namespace, images, exposure)
}

// newAuthSecret is the key that signs sessions: given, or drawn once and kept in the stack's state.
func newAuthSecret(ctx *pulumi.Context, name string, cfg *config.Config, opts ...pulumi.ResourceOption) (pulumi.StringInput, error) {
	if cfg.Secrets.BetterAuthSecret != nil || cfg.ExternalSecrets != nil || (!cfg.Backend.Enabled && !cfg.Web.Enabled) {
		return cfg.Secrets.BetterAuthSecret, nil
	}
	secret, err := random.NewRandomPassword(ctx, name, &random.RandomPasswordArgs{
		Length: pulumi.Int(authSecretLength), Special: pulumi.Bool(false),
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("%s: generating BETTER_AUTH_SECRET: %w", name, err)
	}
	return secret.Result, nil
}

func (app *TodoApp) finish(ctx *pulumi.Context, cfg *config.Config, namespace pulumi.StringOutput, images map[string]*Image, exposure *Exposure) error {
	refs := pulumi.StringMap{}
	for service, image := range images {
		refs[service] = image.Ref
	}
	app.WebURL = pulumi.String(cfg.WebURL()).ToStringOutput()
	app.ChatbotURL = pulumi.String(cfg.ChatbotURL()).ToStringOutput()
	app.APIURL = pulumi.String(cfg.APIURL()).ToStringOutput()
	app.Namespace = namespace
	app.Images = refs.ToStringMapOutput()
	app.NodePorts, app.LoadBalancers = exposure.NodePorts, exposure.LoadBalancers
	return ctx.RegisterResourceOutputs(app, pulumi.Map{
		"webUrl": app.WebURL, "chatbotUrl": app.ChatbotURL, "apiUrl": app.APIURL,
		"namespace": app.Namespace, "images": app.Images, "nodePorts": app.NodePorts, "loadBalancers": app.LoadBalancers,
	})
}
