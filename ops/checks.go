package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// liveNamespace is one that the cluster has.
type liveNamespace struct{ uid, since string }

// checkNamespaces refuses a namespace that the stack did not make. Two checkouts have the same stack names and so the same
// namespaces, but not the same state: the second would take over what the first one runs. It also refuses to move the stack to
// another namespace, because Pulumi would make that one and then delete the old one, with the database in it.
func (o *Ops) checkNamespaces(ctx context.Context, c Cluster) error {
	keys, err := o.stackConfig()
	if err != nil {
		return err
	}
	text, err := o.kubectl(ctx, c, "get", "namespaces", "-o", `jsonpath={range .items[*]}{.metadata.name} {.metadata.uid} {.metadata.creationTimestamp}{"\n"}{end}`)
	if err != nil {
		return err
	}
	live := map[string]liveNamespace{}
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); len(fields) == 3 {
			live[fields[0]] = liveNamespace{uid: fields[1], since: fields[2]}
		}
	}
	made, making, err := o.madeNamespaces(ctx)
	if err != nil {
		return err
	}
	own := keys.namespace(o.Stack)
	for name, namespace := range live {
		if made[namespace.uid] == ownNamespace && name != own {
			return fmt.Errorf(`namespace: %s, and stack %s runs in %s: the move would delete that with the database in it; nothing was changed.
  To stay:   pulumi config set -s %s namespace %s
  To move:   that, make down (it dumps the database), pulumi config set -s %s namespace %s, make up, make db-restore FILE=<the dump>`,
				own, o.Stack, name, o.Stack, name, o.Stack, own)
		}
	}
	kubectl := "kubectl --context " + c.Context
	if c.Kubeconfig != "" {
		kubectl += " --kubeconfig " + o.kubeconfig(c)
	}
	for _, wanted := range [][2]string{{own, "namespace"}, {keys.kagentNamespace(), "--path aiops.kagent.namespace"}} {
		name, found := wanted[0], live[wanted[0]]
		if found.uid == "" || making || made[found.uid] != "" {
			continue
		}
		return fmt.Errorf(`namespace %s exists on cluster %s since %s and is not in the state of stack %s of this checkout; nothing was changed. It is another checkout's, or its state is gone.
  To use another one here:          pulumi config set -s %s %s %s-2   (under localhost also services.<name>.localPort and .nodePort)
  To remove the other stack:        make down STACK=%s, in its checkout
  To remove it without its state:   %s delete namespace %s   (with all data in it)`,
			name, c.Context, found.since, o.Stack, o.Stack, wanted[1], name, o.Stack, kubectl, name)
	}
	return nil
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
	if k.Observability.value.Metrics == "podMonitor" {
		needed = append(needed, api{"observability.metrics: podMonitor", "podmonitors.monitoring.coreos.com", operator, "pulumi config set -s " + stack + " --path observability.metrics annotations, or install it (its chart is kube-prometheus-stack)"})
	}
	if k.Observability.value.Alerts == "prometheusRule" {
		needed = append(needed, api{"observability.alerts: prometheusRule", "prometheusrules.monitoring.coreos.com", operator, "pulumi config set -s " + stack + " --path observability.alerts configMap, or install it (its chart is kube-prometheus-stack)"})
	}
	if k.ExternalSecrets != nil {
		needed = append(needed, api{"externalSecrets: set", "externalsecrets.external-secrets.io", "the External Secrets Operator", "install it (its chart is external-secrets), or pulumi config rm -s " + stack + " externalSecrets"})
	}
	return needed
}

// The resources that are the application's namespace, and the provider that leads to the cluster (components/).
const (
	ownNamespace = "todo-namespace"
	ownProvider  = "todo-kubernetes"
)

// madeNamespaces are those in the stack's state: the names of their resources, by uid. making tells that a run was killed
// while it made one.
func (o *Ops) madeNamespaces(ctx context.Context) (made map[string]string, making bool, err error) {
	text, err := o.pulumiCommand(ctx, "stack", "export", "--stack", o.Stack).Output()
	if err != nil {
		return nil, false, fmt.Errorf("reading the state of stack %s: %w%s", o.Stack, err, stderrOf(err))
	}
	type resource struct {
		URN, Type string
		Outputs   struct{ Metadata struct{ UID string } }
	}
	var state struct {
		Deployment struct {
			Resources         []resource
			PendingOperations []struct{ Resource resource } `json:"pending_operations"`
		}
	}
	if err := json.Unmarshal(text, &state); err != nil {
		return nil, false, fmt.Errorf("reading the state of stack %s: %w", o.Stack, err)
	}
	const namespace = "kubernetes:core/v1:Namespace"
	made = map[string]string{}
	for _, r := range state.Deployment.Resources {
		if r.Type == namespace {
			made[r.Outputs.Metadata.UID] = r.URN[strings.LastIndex(r.URN, ":")+1:]
		}
	}
	for _, p := range state.Deployment.PendingOperations {
		making = making || p.Resource.Type == namespace
	}
	return made, making, nil
}
