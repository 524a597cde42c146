package config

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

const keyAIOps = "aiops"

// Kagent is an assistant in the cluster, for this stack's namespace. It is somebody else's software, installed from its two
// Helm charts.
type Kagent struct {
	Version   string // of both charts
	Charts    string // an OCI repository, or a folder relative to Root, with the charts below it
	Namespace string // of its own

	Provider     string // as the chart's values call it
	Model        string // "" is the chart's choice
	BaseURL      string // "" is the provider's own
	APIKeySecret string // Secret in Namespace; "" has one made from OPENAI_API_KEY
	APIKeyField  string // key in that Secret
}

// aiopsOverride is what `aiops` says.
type aiopsOverride struct {
	Kagent kagentOverride `json:"kagent"`
}

type kagentOverride struct {
	Enabled         bool   `json:"enabled" doc:"Install kagent, with one agent, which may read this stack's namespace; one stack of a cluster can." allowed:"true, false"`
	Version         string `json:"version" doc:"Version of its two charts." allowed:"0.x.y"`
	Charts          string `json:"charts" doc:"Where the charts kagent-crds and kagent are." allowed:"oci://<registry>/<path>, or a folder that holds both"`
	Namespace       string `json:"namespace" doc:"Namespace of its own, which the stack makes." allowed:"a name"`
	Provider        string `json:"provider" doc:"Who serves the model. With openAI, OPENAI_BASE_URL counts here too." allowed:"openAI, anthropic, gemini"`
	Model           string `json:"model" default:"the chart's choice" doc:"The model's name." allowed:"one of the provider's"`
	APIKeySecret    string `json:"apiKeySecret" default:"one made from OPENAI_API_KEY" doc:"Secret with the provider's key, made by somebody else in kagent's namespace." allowed:"the name of one"`
	APIKeySecretKey string `json:"apiKeySecretKey" default:"OPENAI_API_KEY, ANTHROPIC_API_KEY or GOOGLE_API_KEY, by provider" doc:"Key in apiKeySecret." allowed:"a key of that Secret"`
}

// kagentProviders are those that need a key and nothing else, with the key's name in the chart's values.
var kagentProviders = map[string]string{"openAI": keyOpenAIKey, "anthropic": "ANTHROPIC_API_KEY", "gemini": "GOOGLE_API_KEY"}

const (
	defaultKagentProvider  = "openAI"
	defaultKagentNamespace = "kagent"
	defaultKagentCharts    = "oci://ghcr.io/kagent-dev/kagent/helm"
	// The values that the component sets are those of this version's charts.
	defaultKagentVersion = "0.9.12"
	ociScheme            = "oci://"
)

// KagentCharts are the names of its two charts, in the order in which they are installed.
var KagentCharts = []string{"kagent-crds", "kagent"}

// Chart is where one of the two charts is, as Helm takes it; root is the project's folder.
func (k Kagent) Chart(root, name string) string {
	if strings.HasPrefix(k.Charts, ociScheme) {
		return k.Charts + "/" + name
	}
	if filepath.IsAbs(k.Charts) {
		return filepath.Join(k.Charts, name)
	}
	return filepath.Join(root, k.Charts, name)
}

// KagentModelPort is the port of kagent's model.
func (c *Config) KagentModelPort() int {
	if c.Kagent.BaseURL != "" {
		return c.OpenAI().Port
	}
	return httpsPort
}

// kagent is nil when it is not installed.
func (l *loader) kagent(c *Config) *Kagent {
	var given aiopsOverride
	l.object(keyAIOps, &given)
	if !given.Kagent.Enabled {
		return nil
	}
	k := &Kagent{
		Version:      or(given.Kagent.Version, defaultKagentVersion),
		Charts:       strings.TrimSuffix(or(given.Kagent.Charts, defaultKagentCharts), "/"),
		Namespace:    or(given.Kagent.Namespace, defaultKagentNamespace),
		Provider:     or(given.Kagent.Provider, defaultKagentProvider),
		Model:        given.Kagent.Model,
		APIKeySecret: given.Kagent.APIKeySecret,
	}
	k.APIKeyField = or(given.Kagent.APIKeySecretKey, kagentProviders[k.Provider])
	if k.Provider == defaultKagentProvider {
		k.BaseURL = c.OpenAIBaseURL
	}
	if given.Kagent.APIKeySecretKey != "" && k.APIKeySecret == "" {
		path := keyAIOps + ".kagent.apiKeySecretKey"
		l.ps.add(Problem{Key: path, Got: "set", Want: "it is a key of apiKeySecret, which is not set", Fix: l.ps.remove(path)})
	}
	return k
}

var (
	kagentVersion = regexp.MustCompile(`^0\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$`)
	chartsInOCI   = regexp.MustCompile(`^oci://[a-z0-9]([-.a-z0-9]*[a-z0-9])?(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$`)
	modelName     = regexp.MustCompile(`^[A-Za-z0-9][-A-Za-z0-9_.:/@]*$`)
	secretField   = regexp.MustCompile(`^[-._a-zA-Z0-9]{1,253}$`)
)

func (k *Kagent) validate(c *Config, ps *problems) {
	if k == nil {
		return
	}
	key := func(field string) string { return keyAIOps + ".kagent." + field }
	if c.RenderYAML != "" {
		ps.refuse(key("enabled"), "true", "renderYaml writes manifests, and kagent is a Helm release; its charts go to the GitOps tool", "false")
	}
	if !kagentVersion.MatchString(k.Version) {
		ps.refuse(key("version"), quoted(k.Version), "allowed: 0.x.y, because 1.0 needs Kubernetes 1.37", defaultKagentVersion)
	}
	switch {
	case !dnsLabel.MatchString(k.Namespace):
		ps.refuse(key("namespace"), quoted(k.Namespace), "allowed: up to 63 of a-z, 0-9 and -, not at the ends", defaultKagentNamespace)
	case reserved(k.Namespace):
		ps.refuse(key("namespace"), quoted(k.Namespace), "it is the cluster's own, and would be deleted with the stack", defaultKagentNamespace)
	case k.Namespace == c.Namespace:
		ps.refuse(key("namespace"), quoted(k.Namespace), "it is the application's, where kagent may only read", defaultKagentNamespace)
	}
	if k.Model != "" && !modelName.MatchString(k.Model) {
		ps.refuse(key("model"), quoted(k.Model), "allowed: the name of a model", "gpt-4.1-mini")
	}
	k.validateCharts(c, key("charts"), ps)
	if _, known := kagentProviders[k.Provider]; !known {
		oneOf(ps, key("provider"), k.Provider, []string{"anthropic", defaultKagentProvider, "gemini"})
		return // its key cannot be known either
	}
	k.validateKey(c, key, ps)
}

// validateKey sees to it that there is one. Where the stack holds no secrets, somebody else makes kagent's too.
func (k *Kagent) validateKey(c *Config, key func(field string) string, ps *problems) {
	switch {
	case k.APIKeySecret != "" && !dnsSubdomain.MatchString(k.APIKeySecret):
		ps.refuse(key("apiKeySecret"), quoted(k.APIKeySecret), "allowed: the name of a Secret", "kagent-"+strings.ToLower(k.Provider))
	case k.APIKeySecret == "" && (k.Provider != defaultKagentProvider || c.ExternalSecrets != nil):
		ps.refuse(key("apiKeySecret"), "not set", "only OPENAI_API_KEY, held by the stack, becomes a Secret by itself", "kagent-"+strings.ToLower(k.Provider))
	case k.APIKeySecret == "" && c.Secrets[keyOpenAIKey] == "" && !ps.has(keyOpenAIKey):
		ps.add(Problem{Key: keyOpenAIKey, Got: "not set", Want: "kagent's Secret is made from it, unless aiops.kagent.apiKeySecret names another", Fix: ps.set(keyOpenAIKey, "")})
	}
	if !secretField.MatchString(k.APIKeyField) {
		ps.refuse(key("apiKeySecretKey"), quoted(k.APIKeyField), "allowed: letters, digits, -, _ and .", kagentProviders[k.Provider])
	}
}

// validateCharts looks into a folder: a chart that is not there, or of another version, would fail in the middle of an
// update.
func (k *Kagent) validateCharts(c *Config, key string, ps *problems) {
	if strings.Contains(k.Charts, "://") {
		if !chartsInOCI.MatchString(k.Charts) {
			ps.refuse(key, quoted(k.Charts), "allowed: oci://<registry>/<path> without the chart's name, or a folder", defaultKagentCharts)
		}
		return
	}
	for _, name := range KagentCharts {
		var chart struct{ Name, Version string }
		text, err := os.ReadFile(filepath.Join(k.Chart(c.Root, name), "Chart.yaml"))
		if err != nil {
			ps.refuse(key, quoted(k.Charts), fmt.Sprintf("it is to hold %s, each with a Chart.yaml, and has none of %s", strings.Join(KagentCharts, " and "), name), defaultKagentCharts)
			return
		}
		if err := yaml.Unmarshal(text, &chart); err != nil || chart.Name != name {
			ps.refuse(key, quoted(k.Charts), fmt.Sprintf("%s/Chart.yaml is not that of %s", name, name), defaultKagentCharts)
			return
		}
		if version := strings.TrimPrefix(chart.Version, "v"); version != k.Version && kagentVersion.MatchString(k.Version) {
			good := "<version>"
			if kagentVersion.MatchString(version) {
				good = version
			}
			ps.refuse(keyAIOps+".kagent.version", quoted(k.Version), fmt.Sprintf("the chart %s in %s is %s", name, k.Charts, quoted(version)), good)
			return
		}
	}
}
