package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// liveNamespace is one that the cluster has.
type liveNamespace struct{ uid, since string }

// checkNamespaces refuses a namespace that the stack did not make. Two checkouts have the same stack names and so the same
// namespaces, but not the same state: the second would take over what the first one runs. It also refuses to move the stack to
// another namespace, because Pulumi would make that one and then delete the old one, with the database in it.
//
// known says that this checkout has updated the stack before. Otherwise the state is another machine's, which a shared
// backend has brought here: on another cluster an update would take every resource for existing and create nothing.
func (o *Ops) checkNamespaces(ctx context.Context, c Cluster, known bool) error {
	keys, err := o.stackConfig()
	if err != nil {
		return err
	}
	text, err := o.kubectl(ctx, c, "get", "namespaces", "--request-timeout=30s", "-o",
		`jsonpath={range .items[*]}{.metadata.name} {.metadata.uid} {.metadata.creationTimestamp}{"\n"}{end}`)
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
	for uid, resource := range made {
		here := slices.ContainsFunc(slices.Collect(maps.Values(live)),
			func(n liveNamespace) bool { return n.uid == uid })
		if resource == ownNamespace && !known && !here {
			return fmt.Errorf("the state of stack %s is of another cluster: this checkout has never updated it, "+
				`and %s does not have its namespace; nothing was changed.
  To work on that stack:        pulumi config set -s %s kubeContext <its context>
  To have a stack of your own:  cp Pulumi.%s.yaml Pulumi.<name>.yaml && make up STACK=<name>
  When that cluster is gone:    make up FORGET=1`, o.Stack, c.Context, o.Stack, o.Stack)
		}
	}
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
		elsewhere := ""
		if h, err := o.home(); err == nil && h.backend == ownBackend && login() != "" {
			elsewhere = fmt.Sprintf("\n  When its state is in your login:  echo '%s' >.state/%s/backend",
				redactedURL(login()), o.Stack)
		}
		return fmt.Errorf(`namespace %s exists on cluster %s since %s and is not in the state of stack %s of this checkout; nothing was changed. It is another checkout's, or its state is gone.
  To use another one here:          pulumi config set -s %s %s %s-2   (under localhost also services.<name>.localPort and .nodePort)
  To remove the other stack:        make down STACK=%s, in its checkout
  To remove it without its state:   %s delete namespace %s   (with all data in it)%s`,
			name, c.Context, found.since, o.Stack, o.Stack, wanted[1], name, o.Stack, kubectl, name, elsewhere)
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
		found, err := o.kubectl(ctx, c, "get", "customresourcedefinitions", "--request-timeout=30s", "--field-selector",
			"metadata.name="+needed.crd, "-o", "name")
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

// ownNamespace is the resource that is the application's namespace (components/).
const ownNamespace = "todo-namespace"

// madeNamespaces are those in the stack's state: the names of their resources, by uid. making tells that a run was killed
// while it made one.
func (o *Ops) madeNamespaces(ctx context.Context) (made map[string]string, making bool, err error) {
	state, err := o.snapshot(ctx)
	if err != nil {
		return nil, false, err
	}
	const namespace = "kubernetes:core/v1:Namespace"
	made = map[string]string{}
	for _, r := range state.Resources {
		var outputs struct{ Metadata struct{ UID string } }
		if r.Type != namespace {
			continue
		}
		if err := json.Unmarshal(r.Outputs, &outputs); err != nil {
			return nil, false, fmt.Errorf("reading the state of stack %s: %s: %w", o.Stack, r.URN, err)
		}
		made[outputs.Metadata.UID] = r.name()
	}
	for _, p := range state.PendingOperations {
		making = making || p.Resource.Type == namespace
	}
	return made, making, nil
}
