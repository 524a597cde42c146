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

// nextCache is where Next.js keeps what it renders at run time, on an otherwise read-only root.
const nextCache = "/app/.next/cache"

// authSecretLength is that of the seed document, section 3: 43 letters and digits are 256 bits.
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
	providers, err := newProviders(ctx, name, cfg, pulumi.Parent(app))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	child := append(withParent(app), pulumi.Providers(providers...))

	instance := name + "-" + cfg.Stack
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
	databaseURL := cfg.Secrets.DatabaseURL
	var db *Database // nil when it is elsewhere
	if cfg.Database.Managed {
		db, err = NewDatabase(ctx, name+"-database", DatabaseArgs{
			Service: config.DatabaseService, Instance: instance, Namespace: namespace,
			Image: cfg.Database.Image, Port: cfg.Database.Port, Storage: cfg.Database.Storage,
			RolloutTimeoutSeconds: cfg.RolloutTimeoutSeconds,
			StorageClass:          cfg.Database.StorageClass, PullSecrets: pull,
		}, child...)
		if err != nil {
			return nil, err
		}
		if databaseURL == nil { // else it is another role's: the password has been rotated
			databaseURL = db.URL
		}
	}

	migration, err := newMigration(ctx, name+"-migration", cfg, instance, namespace, images[cfg.Backend.Name], databaseURL, db, pull, child...)
	if err != nil {
		return nil, err
	}

	// What the three have in common; what tells them apart follows.
	workload := func(s config.Service, plain map[string]string, secrets map[string]pulumi.StringInput, after []pulumi.Resource, caches ...string) (*Workload, error) {
		if !s.Enabled {
			return nil, nil
		}
		return NewWorkload(ctx, name+"-"+s.Name, WorkloadArgs{
			Service: s.Name, Instance: instance, Namespace: namespace, Image: images[s.Name].Ref,
			Port: s.Port, Replicas: s.Replicas, Autoscaling: autoscaling(s), Zones: cfg.Zones(),
			Probes: s.Probes, Resources: s.Resources, Pods: scraped(cfg, s), MetricsPort: metricsPort(cfg, s),
			Config: merged(merged(plain, telemetry(cfg, s, versions[s.Name])), s.Env), Secrets: set(secrets), External: external(cfg, secrets), Caches: caches, PullSecrets: pull, After: after,
			RolloutTimeoutSeconds: cfg.RolloutTimeoutSeconds,
		}, child...)
	}
	backend, err := workload(cfg.Backend, map[string]string{
		"FRONTEND_URL":        cfg.WebURL(),
		config.AllowedOrigins: cfg.Origins(),
		"LOG_LEVEL":           cfg.LogLevel,
		"ENVIRONMENT":         cfg.Environment(),
		"OPENAI_BASE_URL":     cfg.OpenAIBaseURL,
		"MIGRATE_ON_START":    migrateOnStart(cfg.Migration),
		"METRICS_PORT":        ifSet(metricsPort(cfg, cfg.Backend)),
	}, map[string]pulumi.StringInput{
		"DATABASE_URL":            databaseURL,
		"BETTER_AUTH_SECRET":      authSecret,
		"BETTER_AUTH_SECRET_ALSO": cfg.Secrets.AuthSecretAlso,
		"OPENAI_API_KEY":          cfg.Secrets.OpenAIKey,
	}, migration.done())
	if err != nil {
		return nil, err
	}
	web, err := workload(cfg.Web, map[string]string{
		"NEXT_PUBLIC_API_URL": cfg.APIURL(),
		"API_URL":             cfg.Backend.ClusterURL(), // server side: never through the front door
		"BETTER_AUTH_URL":     cfg.WebURL(),
		"CHATBOT_URL":         cfg.ChatbotURL(),
		"COOKIE_DOMAIN":       cfg.CookieDomain(),
	}, map[string]pulumi.StringInput{
		"BETTER_AUTH_SECRET":      authSecret,
		"BETTER_AUTH_SECRET_ALSO": cfg.Secrets.AuthSecretAlso,
	}, nil, nextCache)
	if err != nil {
		return nil, err
	}
	chatbot, err := workload(cfg.Chatbot, map[string]string{
		"VITE_API_URL":  cfg.APIURL(),
		"API_URL":       cfg.Backend.ClusterURL(),
		"FRONTEND_URL":  cfg.WebURL(),
		"COOKIE_DOMAIN": cfg.CookieDomain(),
	}, map[string]pulumi.StringInput{
		"VITE_OPENAI_API_KEY": cfg.Secrets.ChatbotOpenAIKey,
	}, nil, nextCache)
	if err != nil {
		return nil, err
	}

	if cfg.NetworkPolicies {
		if _, err := NewNetworkPolicies(ctx, name+"-network-policies", flows(cfg, instance, namespace, backend, web, chatbot, db, migration).present(), child...); err != nil {
			return nil, err
		}
	}
	if err := newObservability(ctx, name+"-observability", cfg, instance, namespace, backend, child...); err != nil {
		return nil, err
	}
	exposure, err := NewExposure(ctx, name+"-exposure", exposureArgs(cfg, instance, namespace, backend, web, chatbot), child...)
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
