package config

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"todo/target"
)

// Load reads and checks the stack's whole configuration, and the cluster it names. The error is an *Error that
// lists every problem. Warnings are sentences for the user.
func Load(ctx context.Context, in Input, m target.Machine) (c *Config, warnings []string, err error) {
	l := &loader{in: in, ps: problems{stack: in.Stack}, m: m, file: readStackFile(m, in)}
	if in.misplaced(l.file, &l.ps); len(l.ps.list) > 0 {
		_, err := l.ps.settle(false)
		return nil, nil, err
	}
	in.unknown(&l.ps)
	chosen := l.chosenCluster()
	c = l.read(ctx, chosen)
	c.validate(&l.ps)
	c.Kube.validateStack(&l.ps)
	switch {
	case c.RenderYAML != "":
		c.Kube = Kube{Absent: true} // no cluster is changed, nor asked
	case c.Kube.Stack == "":
		c.Kube.guard(ctx, c, m, &l.ps)
	case len(l.ps.list) == 0:
		if c.Kube.follow(in.StackOutput, &l.ps); !c.Kube.Absent {
			c.Kube.guard(ctx, c, m, &l.ps)
		}
	}
	c.settleExposure(&l.ps)
	if len(l.ps.list) == 0 || in.Preview {
		c.deliver(ctx, m, &l.ps)
	}
	if len(l.ps.list) == 0 && !in.Preview {
		c.needDaemon(ctx, m, &l.ps)
	}
	if warnings, err = l.ps.settle(in.Preview); err != nil {
		return nil, nil, err
	}
	if c.needsDatabase() && c.Secrets[keyDatabaseURL] == "" && !c.Database.Managed && c.ExternalSecrets == nil {
		// Only a preview gets here without one: it shows the resource, and nothing connects.
		c.Secrets[keyDatabaseURL] = "postgresql://not-set.invalid/todo"
	}
	if c.builds() {
		var unusable []string
		c.Images.Proxies, unusable = buildProxies(m.Getenv)
		warnings = append(warnings, unusable...)
	}
	return c, warnings, nil
}

// loader reads keys one by one and collects what is wrong with them.
type loader struct {
	in   Input
	ps   problems
	m    target.Machine
	file stackFile
}

func (l *loader) read(ctx context.Context, chosen cluster) *Config {
	c := &Config{
		Stack:           l.in.Stack,
		Preview:         l.in.Preview,
		Root:            l.in.Root,
		Namespace:       l.text(keyNamespace, project+"-"+l.in.Stack),
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
		Secrets:               l.secretValues(),
	}
	c.Labels, c.Annotations = l.texts(keyLabels), l.texts(keyAnnotations)
	c.Kube = l.kube(chosen)
	l.exposure(c, chosen)
	l.services(c)
	c.fetchSources(ctx, l.m, &l.ps)
	l.planBuilds(c)
	l.object(keyPullSecrets, &c.Images.PullSecrets)
	c.ExternalSecrets, c.RenderYAML = l.externalSecrets(), l.text(keyRenderYAML, "")
	c.Database = l.database(c)
	c.Migration = l.migration(c)
	c.Observability = l.observability()
	c.Kagent = l.kagent(c)
	l.object(keySmoke, &c.Smoke)
	c.Journey = l.boolean(keyJourney, c.isReference())
	if c.Secrets[keyMigrationURL] != "" && (!c.Migration.Enabled || c.Secrets[keyDatabaseURL] == "") {
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
	return or(l.in.Values[key].Text, otherwise)
}

func (l *loader) boolean(key string, otherwise bool) bool {
	raw := l.in.Values[key].Text
	if raw == "" {
		return otherwise
	}
	v, err := strconv.ParseBool(raw)
	if err != nil {
		l.ps.refuse(key, quoted(raw), "allowed: true, false", fmt.Sprint(otherwise))
		return otherwise
	}
	return v
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
func (l *loader) secret(key string, check func(string) (got, want, good string)) Secret {
	given := l.in.Values[key]
	if given.Text == "" {
		return ""
	}
	if !given.Secret {
		l.ps.refuse(key, "set in plain text", "it must be encrypted in the stack's file (and changed, if the file was shared)", "")
		return ""
	}
	if check != nil {
		if got, want, good := check(given.Text); got != "" {
			l.ps.refuse(key, got, want, good)
		}
	}
	return Secret(given.Text)
}

func quoted(s string) string { return fmt.Sprintf("%q", s) }
