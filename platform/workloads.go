package platform

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/components"
	"todo/config"
	"todo/spec"
)

// secret keeps a configured secret encrypted in the state.
func secret(s config.Secret) pulumi.StringInput {
	if s == "" {
		return nil
	}
	return pulumi.ToSecret(pulumi.String(string(s))).(pulumi.StringOutput)
}

// stackSecrets collects the values that the stack holds, by variable: configured, generated, or the own database's URL.
func (b *builder) stackSecrets() error {
	b.secrets = map[string]pulumi.StringInput{}
	for name, value := range b.cfg.Secrets {
		b.secrets[name] = secret(value)
	}
	if b.cfg.ExternalSecrets != nil {
		return nil
	}
	if _, given := b.secrets[config.DatabaseURL]; !given && b.database != nil { // both: it is another role's, for the password has been rotated
		b.secrets[config.DatabaseURL] = b.database.URL
	}
	if _, given := b.secrets[config.AuthSecret]; given || !b.cfg.Reads(config.AuthSecret) {
		return nil
	}
	drawn, err := newAuthSecret(b.ctx, b.name+"-auth-secret", b.child...)
	b.secrets[config.AuthSecret] = drawn
	return err
}

// secretsOf are those of the named variables that the stack holds.
func (b *builder) secretsOf(variables []string) map[string]pulumi.StringInput {
	if b.cfg.ExternalSecrets != nil {
		return nil
	}
	held := map[string]pulumi.StringInput{}
	for _, name := range variables {
		if value := b.secrets[name]; value != nil {
			held[name] = value
		}
	}
	return held
}

// stored are what one container reads from the stack's store; nil when it reads nothing there.
func (b *builder) stored(keys map[string]spec.RemoteRef) *components.External {
	e := b.cfg.ExternalSecrets
	if e == nil || len(keys) == 0 {
		return nil
	}
	return &components.External{Store: e.Store, StoreKind: e.StoreKind, RefreshInterval: e.RefreshInterval, Keys: keys}
}

// migration creates the Job that brings the schema up to date, unless the configuration wants none.
func (b *builder) migration() error {
	m, backend := b.cfg.Migration, b.cfg.Service(config.BackendName)
	if !m.Enabled || m.Skip {
		return nil
	}
	variables := b.cfg.MigrationSecrets()
	args := components.MigrationArgs{
		Instance: b.instance, Namespace: b.namespace, Image: b.image(backend).Ref, Resources: backend.Resources, Pods: migrationPods(b.cfg),
		Command: m.Command, TimeoutSeconds: m.TimeoutSeconds, PullSecrets: b.pull,
		EnvironmentArgs: components.EnvironmentArgs{
			EnvFrom: backend.EnvFrom, Config: b.cfg.OwnEnvironment(backend), Secrets: b.secretsOf(variables),
		},
	}
	if backend.ServiceAccount.Existing {
		args.Account = components.ServiceAccount(backend.ServiceAccount)
	}
	if e := b.cfg.ExternalSecrets; e != nil {
		args.External = b.stored(e.Migration(variables))
	} else if past := b.secrets[config.MigrationURL]; past != nil { // past a pooler, which keeps no session
		args.Secrets[config.DatabaseURL] = past
	}
	if b.database != nil {
		args.After = []pulumi.Resource{b.database.StatefulSet}
	}
	job, err := components.NewMigration(b.ctx, b.name+"-migration", args, b.child...)
	if err != nil {
		return err
	}
	// The Job and not the component: the SDK takes a component for those of its children that are registered by then, and they are
	// registered in the background.
	b.schema = []pulumi.Resource{job.Completed}
	return nil
}

// migrationPods run where the backend's do, as the same identity: the image may be of one architecture, and the way to a cloud's
// database is often a matter of labels and annotations.
func migrationPods(cfg *config.Config) spec.Pods {
	pods := cfg.Service(config.BackendName).Pods
	pods.Labels = merged(pods.Labels, cfg.Migration.PodLabels)
	pods.Annotations = merged(pods.Annotations, cfg.Migration.PodAnnotations)
	return pods
}

// workloads creates `<name>-<service>` for each service. In production a service changes after those that it uses, so that
// nobody calls what is not there yet; in development all change at once, which is quicker.
func (b *builder) workloads() (err error) {
	b.running = map[string]*components.Workload{}
	for _, s := range b.cfg.RolloutOrder() {
		after := slices.Clone(b.after(s))
		if b.running[s.Name], err = components.NewWorkload(b.ctx, b.name+"-"+s.Name, b.workloadArgs(s, after), b.child...); err != nil {
			return err
		}
	}
	return nil
}

// after is what a service's pods wait for.
func (b *builder) after(s config.Service) (all []pulumi.Resource) {
	if slices.Contains(s.Secrets, config.DatabaseURL) {
		all = append(all, b.schema...)
	}
	if !b.cfg.Production {
		return all
	}
	for _, name := range b.cfg.Connections(s).Services {
		if w := b.running[name]; w != nil && w.Deployment != nil {
			all = append(all, w.Deployment)
		}
	}
	return all
}

func (b *builder) workloadArgs(s config.Service, after []pulumi.Resource) components.WorkloadArgs {
	plain := b.cfg.Environment(s)
	maps.Copy(plain, b.telemetry(s))
	args := components.WorkloadArgs{
		Service: s.Name, Instance: b.instance, Namespace: b.namespace, Image: b.image(s).Ref, Command: s.Command, Args: s.Args,
		Port: s.Port, Schedule: s.Schedule, MetricsPort: b.cfg.MetricsPort(s),
		Probes: s.Probes, Resources: s.Resources, Pods: b.scraped(s),
		Replicas: s.Replicas, Zones: b.cfg.Zones(),
		EnvironmentArgs: components.EnvironmentArgs{EnvFrom: s.EnvFrom, Config: plain, Secrets: b.secretsOf(s.Secrets)},
		Writable:        s.Writable, Files: s.ConfigFiles, Account: components.ServiceAccount(s.ServiceAccount),
		PullSecrets: b.pull, After: after, RolloutTimeoutSeconds: b.cfg.RolloutTimeoutSeconds,
	}
	if s.Autoscaling.Enabled {
		args.Autoscaling = &s.Autoscaling
	}
	if e := b.cfg.ExternalSecrets; e != nil {
		args.External = b.stored(e.For(s.Secrets))
	}
	return args
}

// image is a service's own, or the other service's whose image it runs.
func (b *builder) image(s config.Service) *components.Image {
	if s.ImageOf != "" {
		return b.images[s.ImageOf]
	}
	return b.images[s.Name]
}

// merged returns both maps in one, in which more wins, without names that have no value.
func merged(own, more map[string]string) map[string]string {
	all := map[string]string{}
	maps.Copy(all, own)
	maps.Copy(all, more)
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	return all
}
