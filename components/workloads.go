package components

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/config"
)

// workloads are the three services; nil is one that is not enabled.
type workloads struct {
	backend, web, chatbot *Workload
}

// workloadsArgs are what the three need besides the configuration.
type workloadsArgs struct {
	instance    string // the installation, for labels and selectors
	namespace   pulumi.StringInput
	images      map[string]*Image // by service
	versions    map[string]string // their tags or digests, by service
	pullSecrets []pulumi.StringInput

	databaseURL, authSecret pulumi.StringInput
	schema                  []pulumi.Resource // the backend's pods wait for it
}

// nextCache is where Next.js keeps what it renders at run time, on an otherwise read-only root.
const nextCache = "/app/.next/cache"

// newWorkloads creates `<name>-backend`, `<name>-frontend-web` and `<name>-frontend-chatbot`: first what the three have in common, then
// what tells them apart.
func newWorkloads(ctx *pulumi.Context, name string, cfg *config.Config, args workloadsArgs, opts ...pulumi.ResourceOption) (all workloads, err error) {
	workload := func(s config.Service, plain map[string]string, secrets map[string]pulumi.StringInput, after []pulumi.Resource, caches ...string) (*Workload, error) {
		if !s.Enabled {
			return nil, nil
		}
		return NewWorkload(ctx, name+"-"+s.Name, WorkloadArgs{
			Service: s.Name, Instance: args.instance, Namespace: args.namespace, Image: args.images[s.Name].Ref,
			Port: s.Port, Replicas: s.Replicas, Autoscaling: autoscaling(s), Zones: cfg.Zones(),
			Probes: s.Probes, Resources: s.Resources, Pods: scraped(cfg, s), MetricsPort: metricsPort(cfg, s),
			Config: merged(merged(plain, telemetry(cfg, s, args.versions[s.Name])), s.Env), Secrets: set(secrets), External: external(cfg, secrets), Caches: caches,
			PullSecrets: args.pullSecrets, After: after,
			RolloutTimeoutSeconds: cfg.RolloutTimeoutSeconds,
		}, opts...)
	}
	all.backend, err = workload(cfg.Backend, map[string]string{
		"FRONTEND_URL":        cfg.WebURL(),
		config.AllowedOrigins: cfg.Origins(),
		"LOG_LEVEL":           cfg.LogLevel,
		"ENVIRONMENT":         cfg.Environment(),
		"OPENAI_BASE_URL":     cfg.OpenAIBaseURL,
		"MIGRATE_ON_START":    migrateOnStart(cfg.Migration),
		"METRICS_PORT":        ifSet(metricsPort(cfg, cfg.Backend)),
	}, map[string]pulumi.StringInput{
		"DATABASE_URL":            args.databaseURL,
		"BETTER_AUTH_SECRET":      args.authSecret,
		"BETTER_AUTH_SECRET_ALSO": cfg.Secrets.AuthSecretAlso,
		"OPENAI_API_KEY":          cfg.Secrets.OpenAIKey,
	}, args.schema)
	if err != nil {
		return all, err
	}
	all.web, err = workload(cfg.Web, map[string]string{
		"NEXT_PUBLIC_API_URL": cfg.APIURL(),
		"API_URL":             cfg.Backend.ClusterURL(), // server side: never through the front door
		"BETTER_AUTH_URL":     cfg.WebURL(),
		"CHATBOT_URL":         cfg.ChatbotURL(),
		"COOKIE_DOMAIN":       cfg.CookieDomain(),
	}, map[string]pulumi.StringInput{
		"BETTER_AUTH_SECRET":      args.authSecret,
		"BETTER_AUTH_SECRET_ALSO": cfg.Secrets.AuthSecretAlso,
	}, nil, nextCache)
	if err != nil {
		return all, err
	}
	all.chatbot, err = workload(cfg.Chatbot, map[string]string{
		"VITE_API_URL":  cfg.APIURL(),
		"API_URL":       cfg.Backend.ClusterURL(),
		"FRONTEND_URL":  cfg.WebURL(),
		"COOKIE_DOMAIN": cfg.CookieDomain(),
	}, map[string]pulumi.StringInput{
		"VITE_OPENAI_API_KEY": cfg.Secrets.ChatbotOpenAIKey,
	}, nil, nextCache)
	return all, err
}
