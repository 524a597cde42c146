package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumiconfig "github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"todo/target"
)

// Load reads and checks the stack's whole configuration, and the cluster it names. The error is an *Error that
// lists every problem; when there is one, nothing has been registered.
func (k *Keys) Load(ctx *pulumi.Context) (*Config, error) {
	return k.load(ctx, target.This())
}

func (k *Keys) load(ctx *pulumi.Context, m target.Machine) (*Config, error) {
	l := &loader{
		ctx: ctx,
		cfg: pulumiconfig.New(ctx, project),
		ps:  problems{stack: ctx.Stack()},
		m:   m,
	}
	k.unknown(&l.ps)
	chosen := l.chosenCluster()
	c := l.read(chosen)
	c.validate(&l.ps)
	c.Kube.validateStack(&l.ps)
	switch {
	case c.RenderYAML != "":
		c.Kube = Kube{Absent: true} // no cluster is changed, nor asked
	case c.Kube.Stack == "":
		c.Kube.guard(ctx.Context(), c, m, &l.ps)
	case len(l.ps.list) == 0:
		if c.Kube.follow(ctx, &l.ps); !c.Kube.Absent {
			c.Kube.guard(ctx.Context(), c, m, &l.ps)
		}
	}
	c.settleExposure(&l.ps)
	if len(l.ps.list) == 0 || ctx.DryRun() {
		c.deliver(ctx.Context(), m, &l.ps)
	}
	if len(l.ps.list) == 0 && !ctx.DryRun() {
		c.needDaemon(ctx.Context(), m, &l.ps)
	}
	warnings, err := l.ps.settle(ctx.DryRun())
	if err != nil {
		return nil, err
	}
	if c.Backend.Enabled && c.Secrets.DatabaseURL == nil && !c.Database.Managed && c.ExternalSecrets == nil {
		// Only a preview gets here without one: it shows the resource, and nothing connects.
		c.Secrets.DatabaseURL = pulumi.ToSecret(pulumi.String("postgresql://not-set.invalid/todo")).(pulumi.StringOutput)
	}
	if c.builds() {
		var unusable []string
		c.Images.Proxies, unusable = buildProxies(m.Getenv)
		warnings = append(warnings, unusable...)
	}
	for _, w := range warnings {
		if err := ctx.Log.Warn(w, nil); err != nil {
			return nil, fmt.Errorf("printing a warning: %w", err)
		}
	}
	return c, nil
}

// loader reads keys one by one and collects what is wrong with them.
type loader struct {
	ctx *pulumi.Context
	cfg *pulumiconfig.Config
	ps  problems
	m   target.Machine
}

func (l *loader) read(chosen cluster) *Config {
	c := &Config{
		Stack:           l.ctx.Stack(),
		Preview:         l.ctx.DryRun(),
		Root:            l.ctx.RootDirectory(),
		Namespace:       l.text(keyNamespace, project+"-"+l.ctx.Stack()),
		Production:      l.boolean(keyProduction, false),
		NetworkPolicies: l.boolean(keyNetworkPolicies, defaultNetworkPolicies),
		ResourceQuota:   l.boolean(keyResourceQuota, defaultResourceQuota),
		Docker:          target.Engine{Host: l.text(keyDockerHost, chosen.DockerHost)},
		Images: Images{
			Registry:   strings.TrimSuffix(l.text(keyRegistry, chosen.Registry), "/"),
			Platform:   l.text(keyPlatform, defaultPlatform()),
			BaseImages: l.baseImages(),
			SourceRoot: l.text(keySourceRoot, defaultSourceRoot),
			Login:      l.registryLogin(),
		},
		RolloutTimeoutSeconds: l.integer(keyRolloutTimeout, defaultRolloutTimeout),
		LogLevel:              l.text(keyLogLevel, defaultLogLevel),
		OpenAIBaseURL:         l.text(keyOpenAIBaseURL, ""),
		Secrets: Secrets{
			DatabaseURL:      l.secret(keyDatabaseURL, l.checkDatabaseURL),
			MigrationURL:     l.secret(keyMigrationURL, l.checkDatabaseURL),
			BetterAuthSecret: l.secret(keyAuthSecret, checkAuthSecret),
			AuthSecretAlso:   l.secret(keyAuthSecretAlso, l.checkAuthSecretAlso),
			OpenAIKey:        l.secret(keyOpenAIKey, checkAPIKey),
			ChatbotOpenAIKey: l.secret(keyChatbotOpenAI, checkAPIKey),
		},
	}
	c.Labels, c.Annotations = l.texts(keyLabels), l.texts(keyAnnotations)
	c.Kube = l.kube(chosen)
	l.exposure(c, chosen)
	l.services(c)
	c.fetchSources(l.ctx.Context(), l.m, &l.ps)
	l.object(keyPullSecrets, &c.Images.PullSecrets)
	c.ExternalSecrets, c.RenderYAML = l.externalSecrets(), l.text(keyRenderYAML, "")
	c.Database = l.database(c)
	c.Migration = l.migration(c)
	c.Observability = l.observability()
	c.Kagent = l.kagent(c)
	if c.Secrets.MigrationURL != nil && (!c.Migration.Enabled || c.Secrets.DatabaseURL == nil) {
		l.ps.add(Problem{Key: keyMigrationURL, Got: "set", Want: "it is for the migration of DATABASE_URL's database, and one of the two is missing", Fix: l.ps.remove(keyMigrationURL)})
	}
	return c
}

// texts reads an object of strings; nil is none.
func (l *loader) texts(key string) map[string]string {
	var out map[string]string
	if l.object(key, &out); len(out) == 0 {
		return nil
	}
	return out
}

// text reads a string. Pulumi.yaml gives optional keys the default "": without a default the CLI would call
// them required. So "" and absent are the same.
func (l *loader) text(key, otherwise string) string {
	v, err := l.cfg.Try(key)
	if errors.Is(err, pulumiconfig.ErrMissingVar) || (err == nil && v == "") {
		return otherwise
	}
	if err != nil {
		l.ps.refuse(key, "cannot be read: "+err.Error(), "it must be a string", "<value>")
		return otherwise
	}
	return v
}

func (l *loader) boolean(key string, otherwise bool) bool {
	v, err := l.cfg.TryBool(key)
	if err == nil {
		return v
	}
	raw, _ := l.ctx.GetConfig(project + ":" + key)
	if raw != "" && !errors.Is(err, pulumiconfig.ErrMissingVar) {
		l.ps.refuse(key, quoted(raw), "allowed: true, false", fmt.Sprint(otherwise))
	}
	return otherwise
}

// integer reads a whole number.
func (l *loader) integer(key string, otherwise int) int {
	raw := l.text(key, "")
	if raw == "" {
		return otherwise
	}
	n, err := strconv.Atoi(raw)
	if err != nil {
		l.ps.refuse(key, quoted(raw), "it must be a whole number", fmt.Sprint(otherwise))
		return otherwise
	}
	return n
}

// secret reads a key that must be encrypted in the stack's file. check sees the plain text and says what is wrong
// with it without repeating it.
func (l *loader) secret(key string, check func(string) (got, want, good string)) pulumi.StringInput {
	full := project + ":" + key
	plain, set := l.ctx.GetConfig(full)
	if !set || plain == "" {
		return nil
	}
	if !l.ctx.IsConfigSecret(full) {
		l.ps.refuse(key, "set in plain text", "it must be encrypted in the stack's file (and changed, if the file was shared)", "")
		return nil
	}
	if check != nil {
		if got, want, good := check(plain); got != "" {
			l.ps.refuse(key, got, want, good)
		}
	}
	value, err := l.cfg.TrySecret(key)
	if err != nil {
		l.ps.refuse(key, "cannot be read", "it must be a string", "")
		return nil
	}
	return value
}

func quoted(s string) string { return fmt.Sprintf("%q", s) }
