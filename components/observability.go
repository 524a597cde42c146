package components

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"go.yaml.in/yaml/v3"
)

// Observability is what Prometheus and Grafana find of a stack: a PodMonitor, alert rules, a dashboard. It has no outputs.
type Observability struct {
	pulumi.ResourceState
}

// ObservabilityArgs are an Observability's inputs.
type ObservabilityArgs struct {
	Instance      string // the installation, for labels
	Namespace     pulumi.StringInput
	NamespaceName string            // the same, as the queries name it
	Selector      map[string]string // of the pods with a port named "metrics"
	PodMonitor    bool              // needs the Prometheus Operator
	Alerts        Alerts
	Dashboard     bool
	Labels        map[string]string // of the operator's objects
}

// Alerts is what the alert rules are written into; "" is none.
type Alerts string

// The forms; PrometheusRule needs the Prometheus Operator.
const (
	AlertsConfigMap Alerts = "configMap"
	PrometheusRule  Alerts = "prometheusRule"
)

const (
	metricsPortName = "metrics"
	// MetricsPath is where the port named "metrics" serves them.
	MetricsPath   = "/metrics"
	monitoringAPI = "monitoring.coreos.com/v1"
	// dashboardLabel is what the sidecar of Grafana's Helm charts looks for.
	dashboardLabel = "grafana_dashboard"
)

//go:embed observability/alerts.yaml
var alertRules string

//go:embed observability/dashboard.json
var dashboard string

// Validate reports what is wrong with the args.
func (a ObservabilityArgs) Validate() error {
	if a.Namespace == nil || a.NamespaceName == "" || a.Instance == "" {
		return errors.New("Namespace, NamespaceName and Instance are required")
	}
	if a.PodMonitor && len(a.Selector) == 0 {
		return errors.New("a PodMonitor needs a Selector; an empty one would mean every pod")
	}
	return nil
}

// NewObservability creates `<name>-podmonitor`, `<name>-alerts` and `<name>-dashboard`, each only when it is asked for.
func NewObservability(ctx *pulumi.Context, name string, args ObservabilityArgs, opts ...pulumi.ResourceOption) (*Observability, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	rules := strings.ReplaceAll(alertRules, "NAMESPACE", args.NamespaceName)
	var spec map[string]any
	if err := yaml.Unmarshal([]byte(rules), &spec); err != nil {
		return nil, fmt.Errorf("%s: reading the alert rules: %w", name, err)
	}
	o := &Observability{}
	if err := ctx.RegisterComponentResource(componentType("Observability"), name, o, opts...); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	child := withParent(o)

	if args.PodMonitor {
		if err := args.custom(ctx, name+"-podmonitor", "PodMonitor", map[string]any{
			"selector":            map[string]any{"matchLabels": args.Selector},
			"podMetricsEndpoints": []any{map[string]any{"port": metricsPortName, "path": MetricsPath}},
			"jobLabel":            labelName,
		}, child); err != nil {
			return nil, err
		}
	}
	switch args.Alerts {
	case PrometheusRule:
		if err := args.custom(ctx, name+"-alerts", "PrometheusRule", spec, child); err != nil {
			return nil, err
		}
	case AlertsConfigMap:
		if err := args.configMap(ctx, name+"-alerts", nil, args.NamespaceName+".rules.yaml", rules, child); err != nil {
			return nil, err
		}
	}
	if args.Dashboard {
		// A file name and a uid of each stack's own: Grafana's sidecar puts all dashboards into one folder.
		sum := sha256.Sum256([]byte(args.NamespaceName))
		text := strings.NewReplacer("NAMESPACE", args.NamespaceName, `"UID"`, `"todo-`+hex.EncodeToString(sum[:4])+`"`).Replace(dashboard)
		// The old one goes first: the sidecar writes the file of the new one, and removes the file of that name when the old one goes.
		opts := append(slices.Clone(child), pulumi.DeleteBeforeReplace(true))
		if err := args.configMap(ctx, name+"-dashboard", map[string]string{dashboardLabel: "1"}, args.NamespaceName+".json", text, opts); err != nil {
			return nil, err
		}
	}
	return o, ctx.RegisterResourceOutputs(o, pulumi.Map{})
}

func (a ObservabilityArgs) custom(ctx *pulumi.Context, name, kind string, spec map[string]any, child []pulumi.ResourceOption) error {
	_, err := apiextensions.NewCustomResource(ctx, name, &apiextensions.CustomResourceArgs{
		ApiVersion: pulumi.String(monitoringAPI), Kind: pulumi.String(kind),
		Metadata:    a.meta(a.Labels),
		OtherFields: kubernetes.UntypedArgs{"spec": spec},
	}, child...)
	if err != nil {
		return fmt.Errorf("%s: creating %s: %w", name, kind, err)
	}
	return nil
}

func (a ObservabilityArgs) configMap(ctx *pulumi.Context, name string, labels map[string]string, file, text string, opts []pulumi.ResourceOption) error {
	_, err := corev1.NewConfigMap(ctx, name, &corev1.ConfigMapArgs{
		Metadata: a.meta(labels), Data: pulumi.StringMap{file: pulumi.String(text)},
	}, opts...)
	if err != nil {
		return fmt.Errorf("%s: creating ConfigMap: %w", name, err)
	}
	return nil
}

func (a ObservabilityArgs) meta(more map[string]string) *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{
		Namespace: a.Namespace, Labels: pulumi.ToStringMap(merged(more, labels("observability", a.Instance))),
	}
}
