package config

import (
	"net/url"
	"slices"

	"todo/spec"
)

// Metrics is how Prometheus finds the backend's pods.
type Metrics string

// The ways; the last needs the Prometheus Operator.
const (
	NoMetrics         Metrics = "none"
	AnnotationMetrics Metrics = "annotations" // prometheus.io/scrape and its like
	PodMonitorMetrics Metrics = "podMonitor"
)

// Alerts is what the alert rules are written into.
type Alerts string

// The forms; the last needs the Prometheus Operator.
const (
	NoAlerts             Alerts = "none"
	ConfigMapAlerts      Alerts = "configMap"
	PrometheusRuleAlerts Alerts = "prometheusRule"
)

var (
	metricsWays = []Metrics{NoMetrics, AnnotationMetrics, PodMonitorMetrics}
	alertForms  = []Alerts{NoAlerts, ConfigMapAlerts, PrometheusRuleAlerts}
)

// Observability is what the stack offers to tools that watch it. Nothing of it is needed, and by default there is none.
type Observability struct {
	Metrics      Metrics           `json:"metrics" doc:"How Prometheus finds the backend's pods." allowed:"none, annotations (prometheus.io/…), podMonitor (needs the Prometheus Operator)"`
	Namespace    string            `json:"namespace" doc:"Where Prometheus runs: the NetworkPolicies let its pods in." allowed:"a namespace"`
	Dashboard    bool              `json:"dashboard" doc:"A Grafana dashboard in a ConfigMap with the label grafana_dashboard=1." allowed:"true, false"`
	Alerts       Alerts            `json:"alerts" doc:"Alert rules." allowed:"none, configMap, prometheusRule (needs the Prometheus Operator)"`
	Labels       map[string]string `json:"labels" doc:"Labels of the PodMonitor and the PrometheusRule that the operator selects by, such as {release: kube-prometheus-stack}." allowed:"labels"`
	OTLPEndpoint string            `json:"otlpEndpoint" doc:"Collector of OpenTelemetry, over HTTP: all services get the standard OTEL_* variables, and may connect there." allowed:"an http or https URL, as http://collector.monitoring:4318"`
}

func (l *loader) observability() Observability {
	var o Observability
	l.object(keyObservability, &o)
	given := o
	o.Metrics, o.Alerts, o.Namespace = or(o.Metrics, NoMetrics), or(o.Alerts, NoAlerts), or(o.Namespace, defaultScraperNamespace)
	if o.Metrics == NoMetrics && given.Namespace != "" {
		l.ps.add(Problem{Key: keyObservability + ".namespace", Got: "set", Want: "it is for the scraper of metrics, and metrics is none", Fix: l.ps.remove(keyObservability + ".namespace")})
	}
	return o
}

func (o Observability) validate(c *Config, ps *problems) {
	key := func(field string) string { return keyObservability + "." + field }
	oneOf(ps, key("metrics"), string(o.Metrics), texts(metricsWays))
	oneOf(ps, key("alerts"), string(o.Alerts), texts(alertForms))
	if !dnsLabel.MatchString(o.Namespace) {
		ps.refuse(key("namespace"), quoted(o.Namespace), "allowed: a namespace", defaultScraperNamespace)
	}
	if o.Metrics != NoMetrics && !c.Service(BackendName).Enabled {
		ps.refuse(key("metrics"), quoted(string(o.Metrics)), "the metrics are the backend's, which is not enabled", string(NoMetrics))
	}
	if o.Metrics == NoMetrics && o.Dashboard {
		ps.refuse(key("dashboard"), "true", "it shows metrics, and metrics is none", "false")
	}
	if o.Metrics == NoMetrics && o.Alerts != NoAlerts {
		ps.refuse(key("alerts"), quoted(string(o.Alerts)), "they watch metrics, and metrics is none", string(NoAlerts))
	}
	validateLabels(key("labels"), o.Labels, ps)
	if len(o.Labels) > 0 && o.Metrics != PodMonitorMetrics && o.Alerts != PrometheusRuleAlerts {
		ps.add(Problem{Key: key("labels"), Got: "set", Want: "they are for the operator's objects, and there is neither a podMonitor nor a prometheusRule", Fix: ps.remove(key("labels"))})
	}
	if o.OTLPEndpoint == "" {
		return
	}
	const good = "http://collector.monitoring:4318"
	u, err := url.Parse(o.OTLPEndpoint)
	switch {
	case err != nil || u.Host == "" || !slices.Contains([]string{"http", "https"}, u.Scheme):
		ps.refuse(key("otlpEndpoint"), "not a URL", "allowed: an http or https URL; gRPC is not spoken", good)
	case u.User != nil:
		ps.refuse(key("otlpEndpoint"), "it holds a user or a password", "everybody who may read a ConfigMap would read it; a collector in the cluster needs none", good)
	case destinationOf(u).Port == 0:
		ps.refuse(key("otlpEndpoint"), quoted(o.OTLPEndpoint), "its port must be in 1 to 65535", good)
	}
}

// OTLP is where the services send traces to; ok is false when they send none.
func (o Observability) OTLP() (d spec.Destination, ok bool) {
	u, err := url.Parse(o.OTLPEndpoint)
	if err != nil || u.Host == "" {
		return spec.Destination{}, false
	}
	return destinationOf(u), true
}

func texts[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return all
}
