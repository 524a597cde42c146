package main

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"todo/internal/services"
)

// stackKeys are the keys of Pulumi.<stack>.yaml that decide what happens before the program runs. Everything else in that
// file is the program's business.
type stackKeys struct {
	Namespace   string `yaml:"todo:namespace"` // empty is todo-<stack>
	KubeContext string `yaml:"todo:kubeContext"`
	// KubeconfigPath may start with ~ or at the project's folder.
	KubeconfigPath string `yaml:"todo:kubeconfigPath"`
	Kubeconfig     any    `yaml:"todo:kubeconfig"` // encrypted; nil when there is none
	KubeStack      string `yaml:"todo:kubeStack"`
	Production     flag   `yaml:"todo:production"`
	AnyCluster     flag   `yaml:"todo:allowNonLocalCluster"`
	Exposure       string `yaml:"todo:exposure"` // empty is localhost
	Platform       string `yaml:"todo:platform"` // os/arch; empty is this machine's

	Observability   loose[observabilityKeys] `yaml:"todo:observability"`
	AIOps           loose[aiopsKeys]         `yaml:"todo:aiops"`
	ExternalSecrets any                      `yaml:"todo:externalSecrets"` // nil when the stack makes its Secrets itself

	RolloutTimeout number `yaml:"todo:rolloutTimeoutSeconds"` // 0 is not set

	RenderYAML  string                        `yaml:"todo:renderYaml"` // empty: the stack changes a cluster
	SourceRoot  string                        `yaml:"todo:sourceRoot"` // empty is app
	Images      any                           `yaml:"todo:images"`     // by service; the program refuses what is no map
	Services    loose[map[string]serviceKeys] `yaml:"todo:services"`
	DatabaseURL any                           `yaml:"todo:DATABASE_URL"` // encrypted; nil when the stack runs its own database under its first password
}

// serviceKeys are the port on localhost, whether there is the service at all, where its source is, and how slowly it
// may start.
type serviceKeys struct {
	LocalPort number `yaml:"localPort"`
	Port      number `yaml:"port"`
	Public    public `yaml:"public"`  // not set is true for the three known services
	Enabled   *bool  `yaml:"enabled"` // nil is true
	Source    string `yaml:"source"`  // a folder, or a repository; empty is <sourceRoot>/<service>
	Image     string `yaml:"image"`   // a reference or another service; empty is built
	Probes    struct {
		StartupSeconds number `yaml:"startupSeconds"` // 0 is not set
	} `yaml:"probes"`
}

// observabilityKeys are those that need something of the cluster.
type observabilityKeys struct{ Metrics, Alerts string }

// aiopsKeys say whether kagent comes, and into which namespace.
type aiopsKeys struct {
	Kagent struct {
		Enabled   flag
		Namespace string // empty is kagent
	}
}

// loose is the part of an object that the verbs read. `pulumi config set <key> '{…}'` keeps it as text. What else it says, and
// what is wrong with it, is the program's business.
type loose[T any] struct{ value T }

func (l *loose[T]) UnmarshalYAML(node *yaml.Node) error {
	var read T
	if node.Kind == yaml.ScalarNode && yaml.Unmarshal([]byte(node.Value), &read) == nil || node.Decode(&read) == nil {
		l.value = read
	}
	return nil
}

// flag is a boolean that may be written as text, as `pulumi config set` rewrites every one in the file: 'false'. What is
// neither true nor false the program refuses, with its fix.
type flag bool

func (f *flag) UnmarshalYAML(node *yaml.Node) error {
	*f = node.Value == "true"
	return nil
}

// number may be written as text. The program refuses what is no number, with its fix.
type number int

func (s *number) UnmarshalYAML(node *yaml.Node) error {
	if n, err := strconv.Atoi(node.Value); err == nil {
		*s = number(n)
	}
	return nil
}

func (k stackKeys) namespace(stack string) string {
	if k.Namespace != "" {
		return k.Namespace
	}
	return "todo-" + stack
}

// local reports whether the stack is for a cluster of this machine. A stack that makes a cluster (kubeStack) is in a
// team's backend.
func (k stackKeys) local() bool {
	return !bool(k.Production) && !bool(k.AnyCluster) && k.KubeStack == ""
}

// kagentNamespace is "" when the stack has no kagent.
func (k stackKeys) kagentNamespace() string {
	if !k.AIOps.value.Kagent.Enabled {
		return ""
	}
	return cmp.Or(k.AIOps.value.Kagent.Namespace, "kagent")
}

// managesDatabase tells whether the stack runs its own database under its first password.
func (k stackKeys) managesDatabase() bool {
	return k.DatabaseURL == nil && !bool(k.Production) && k.ExternalSecrets == nil
}

func (o *Ops) stackConfig() (stackKeys, error) {
	name := "Pulumi." + o.Stack + ".yaml"
	var file struct{ Config stackKeys }
	text, err := os.ReadFile(filepath.Join(o.Root, name))
	if err != nil {
		return stackKeys{}, fmt.Errorf("reading the stack's config: %w", err)
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return stackKeys{}, fmt.Errorf("reading %s: %w", name, err)
	}
	return file.Config, nil
}

// services are the names of the stack's services: the three known ones first, without those that are switched off.
func (k stackKeys) services() []string {
	names := slices.Clone(serviceNames)
	for _, name := range slices.Sorted(maps.Keys(k.Services.value)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return slices.DeleteFunc(names, func(name string) bool {
		enabled := k.Services.value[name].Enabled
		return enabled != nil && !*enabled
	})
}

// builds reports whether a service's image is built from a source on this machine.
func (k stackKeys) builds(name string) bool {
	given := k.Services.value[name]
	return given.Image == "" && (given.Source != "" || slices.Contains(serviceNames, name))
}

// localPorts are the ports of the localhost URLs, by service. The program computes the URLs from the same keys.
func (k stackKeys) localPorts() iter.Seq2[string, int] {
	known := map[string]int{services.Web: services.WebPort, services.Chatbot: services.ChatbotPort, services.Backend: services.BackendPort}
	return func(yield func(string, int) bool) {
		for _, name := range k.services() {
			given := k.Services.value[name]
			port := cmp.Or(int(given.LocalPort), int(given.Port), known[name])
			_, isKnown := known[name]
			if public := given.Public.or(isKnown); !public || port == 0 {
				continue
			}
			if !yield(name, port) {
				return
			}
		}
	}
}

// public is `services.<name>.public`: true, false, or an object with `enabled`.
type public struct{ given *bool }

func (p *public) UnmarshalYAML(node *yaml.Node) error {
	on := node.Value == "true"
	if node.Kind == yaml.MappingNode {
		var object struct{ Enabled *bool }
		if node.Decode(&object) == nil {
			on = object.Enabled == nil || *object.Enabled
		}
	}
	p.given = &on
	return nil
}

func (p public) or(otherwise bool) bool {
	if p.given == nil {
		return otherwise
	}
	return *p.given
}
