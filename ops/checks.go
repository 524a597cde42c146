package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"

	"todo/internal/services"
)

// checkConfig asks the program what it thinks of the stack's configuration, and changes and starts nothing. A run that is
// refused for another reason says so too: otherwise mistakes would come out one run at a time. On a machine where no run
// has got as far as having the tools it stays silent, because getting them takes minutes.
func (o *Ops) checkConfig(ctx context.Context) error {
	if _, err := os.Stat(o.state("pulumi")); err != nil {
		return nil
	}
	keys, err := o.stackConfig()
	if err != nil {
		return err
	}
	if err := o.FindTools(ctx); err != nil {
		return err
	}
	if keys.KubeContext != "" {
		if err := o.checkContext(ctx, Cluster{Context: keys.KubeContext}); err != nil {
			return err
		}
	}
	if err := o.PrepareStack(ctx); err != nil {
		return err
	}
	text, err := o.pulumiCommand(ctx, "preview", "--diff=false", "--stack", o.Stack, "--config-file", o.configFile()).CombinedOutput()
	if err != nil {
		return fmt.Errorf("pulumi preview: %w\n%s", err, text)
	}
	return nil
}

// checkNamespace refuses a namespace that the stack did not make. Two checkouts have the same stack names and so the same
// namespaces, but not the same state: the second would take over what the first one runs.
func (o *Ops) checkNamespace(ctx context.Context, c Cluster) error {
	keys, err := o.stackConfig()
	if err != nil {
		return err
	}
	name := keys.namespace(o.Stack)
	text, err := o.kubectl(ctx, c, "get", "namespaces", "--field-selector", "metadata.name="+name,
		"-o", `jsonpath={.items[*].metadata.uid} {.items[*].metadata.creationTimestamp}`)
	if err != nil {
		return err
	}
	found := strings.Fields(text)
	if len(found) < 2 {
		return nil // not there, or no valid name, which the program refuses
	}
	ours, err := o.madeNamespace(ctx, found[0])
	if err != nil || ours {
		return err
	}
	kubectl := "kubectl --context " + c.Context
	if c.Kubeconfig != "" {
		kubectl += " --kubeconfig " + o.kubeconfig(c)
	}
	return fmt.Errorf(`namespace %s exists on cluster %s since %s and is not in the state of stack %s of this checkout; nothing was changed. It is another checkout's, or its state is gone.
  To use another one here:          pulumi config set -s %s namespace %s-2   (under localhost also services.<name>.localPort and .nodePort)
  To remove the other stack:        make down STACK=%s, in its checkout
  To remove it without its state:   %s delete namespace %s   (with all data in it)`,
		name, c.Context, found[1], o.Stack, o.Stack, name, o.Stack, kubectl, name)
}

// api is a kind that Kubernetes has only where somebody installed it.
type api struct {
	setting string // that needs it
	crd     string
	name    string // of what has to be installed
	fix     string
}

// checkAPIs refuses a setting that needs kinds which the cluster does not know: the update would fail at its very end, with
// everything else in place.
func (o *Ops) checkAPIs(ctx context.Context, c Cluster) error {
	keys, err := o.stackConfig()
	if err != nil {
		return err
	}
	var errs []error
	for _, needed := range keys.apis(o.Stack, c) {
		found, err := o.kubectl(ctx, c, "get", "customresourcedefinitions", "--field-selector", "metadata.name="+needed.crd, "-o", "name")
		if err != nil {
			return err
		}
		if strings.TrimSpace(found) == "" {
			errs = append(errs, fmt.Errorf("%s, and cluster %s does not have %s; nothing was changed. Fix: %s", needed.setting, c.Context, needed.name, needed.fix))
		}
	}
	return errors.Join(errs...)
}

func (k stackKeys) apis(stack string, c Cluster) []api {
	var needed []api
	if k.Exposure == "gateway" {
		fix := "kubectl --context " + c.Context + " apply --server-side -f https://github.com/kubernetes-sigs/gateway-api/releases/download/v1.3.0/standard-install.yaml, and a controller of the class"
		if c.Kind == "lab" {
			fix = "bin/lab traefik up"
		}
		needed = append(needed, api{"exposure: gateway", "httproutes.gateway.networking.k8s.io", "the Gateway API", fix})
	}
	const operator = "the Prometheus Operator"
	if k.Observability.Metrics == "podMonitor" {
		needed = append(needed, api{"observability.metrics: podMonitor", "podmonitors.monitoring.coreos.com", operator, "pulumi config set -s " + stack + " --path observability.metrics annotations, or install it (its chart is kube-prometheus-stack)"})
	}
	if k.Observability.Alerts == "prometheusRule" {
		needed = append(needed, api{"observability.alerts: prometheusRule", "prometheusrules.monitoring.coreos.com", operator, "pulumi config set -s " + stack + " --path observability.alerts configMap, or install it (its chart is kube-prometheus-stack)"})
	}
	return needed
}

// observabilityKeys are those that need something of the cluster; a wrong shape is the program's business.
type observabilityKeys struct{ Metrics, Alerts string }

func (k *observabilityKeys) UnmarshalYAML(node *yaml.Node) error {
	type plain observabilityKeys // without this method
	var read plain
	if node.Kind == yaml.ScalarNode && yaml.Unmarshal([]byte(node.Value), &read) == nil || node.Decode(&read) == nil {
		*k = observabilityKeys(read)
	}
	return nil
}

// madeNamespace tells whether the namespace with this uid is in the stack's state, or was being made when a run was killed.
func (o *Ops) madeNamespace(ctx context.Context, uid string) (bool, error) {
	text, err := o.pulumiCommand(ctx, "stack", "export", "--stack", o.Stack).Output()
	if err != nil {
		return false, fmt.Errorf("reading the state of stack %s: %w%s", o.Stack, err, stderrOf(err))
	}
	type resource struct {
		Type    string
		Outputs struct{ Metadata struct{ UID string } }
	}
	var state struct {
		Deployment struct {
			Resources         []resource
			PendingOperations []struct{ Resource resource } `json:"pending_operations"`
		}
	}
	if err := json.Unmarshal(text, &state); err != nil {
		return false, fmt.Errorf("reading the state of stack %s: %w", o.Stack, err)
	}
	const namespace = "kubernetes:core/v1:Namespace"
	for _, r := range state.Deployment.Resources {
		if r.Type == namespace && r.Outputs.Metadata.UID == uid {
			return true, nil
		}
	}
	for _, p := range state.Deployment.PendingOperations {
		if p.Resource.Type == namespace {
			return true, nil
		}
	}
	return false, nil
}

// serviceKeys are the ports on localhost that `services` sets, and which services there are. What else it says, and what is wrong with it, is the
// program's business.
type serviceKeys map[string]struct {
	LocalPort int    `yaml:"localPort"`
	Enabled   *bool  `yaml:"enabled"` // nil is true
	Source    string `yaml:"source"`  // a folder, or a repository; empty is <sourceRoot>/<service>
}

func (s *serviceKeys) UnmarshalYAML(node *yaml.Node) error {
	type plain serviceKeys // without this method
	var read plain
	text := node.Value // `pulumi config set services '{…}'` keeps the text
	if node.Kind == yaml.ScalarNode && yaml.Unmarshal([]byte(text), &read) == nil || node.Decode(&read) == nil {
		*s = serviceKeys(read)
	}
	return nil
}

// localPorts are the ports of the localhost URLs, by service. The program computes the URLs from the same keys.
func (k stackKeys) localPorts() iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		for _, s := range []struct {
			name string
			port int
		}{{services.Web, services.WebPort}, {services.Chatbot, services.ChatbotPort}, {services.Backend, services.BackendPort}} {
			if enabled := k.Services[s.name].Enabled; enabled != nil && !*enabled {
				continue
			}
			if given := k.Services[s.name].LocalPort; given != 0 {
				s.port = given
			}
			if !yield(s.name, s.port) {
				return
			}
		}
	}
}
