package platform

import (
	"fmt"

	"todo/components"
	"todo/config"
	"todo/spec"
)

// alertForms are the components' words for the configuration's.
var alertForms = map[config.Alerts]components.Alerts{
	config.ConfigMapAlerts: components.AlertsConfigMap, config.PrometheusRuleAlerts: components.PrometheusRule,
}

// observability creates nothing by default.
func (b *builder) observability() error {
	o := b.cfg.Observability
	args := components.ObservabilityArgs{
		Instance: b.instance, Namespace: b.namespace, NamespaceName: b.cfg.Namespace, Labels: o.Labels,
		PodMonitor: o.Metrics == config.PodMonitorMetrics, Alerts: alertForms[o.Alerts], Dashboard: o.Dashboard,
	}
	if backend := b.running[config.BackendName]; backend != nil {
		args.Selector = backend.Selector
	}
	if !args.PodMonitor && !args.Dashboard && args.Alerts == "" {
		return nil
	}
	_, err := components.NewObservability(b.ctx, b.name+"-observability", args, b.child...)
	return err
}

// scraped adds the annotations that Prometheus' own example configuration and its Helm chart look for.
func (b *builder) scraped(s config.Service) spec.Pods {
	pods := s.Pods
	if port := b.cfg.MetricsPort(s); port != 0 && b.cfg.Observability.Metrics == config.AnnotationMetrics {
		pods.Annotations = merged(map[string]string{
			"prometheus.io/scrape": "true", "prometheus.io/port": fmt.Sprint(port), "prometheus.io/path": components.MetricsPath,
		}, pods.Annotations)
	}
	return pods
}

// telemetry are the standard variables of OpenTelemetry's SDKs. None without a collector. `env` may set the others that
// those SDKs know.
func (b *builder) telemetry(s config.Service) map[string]string {
	if b.cfg.Observability.OTLPEndpoint == "" {
		return nil
	}
	all := map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": b.cfg.Observability.OTLPEndpoint,
		"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
		"OTEL_SERVICE_NAME":           s.Name,
		"OTEL_RESOURCE_ATTRIBUTES": "service.namespace=" + b.cfg.Namespace + ",service.version=" + b.version(s) +
			",k8s.namespace.name=" + b.cfg.Namespace + ",deployment.environment.name=" + b.cfg.Stage(),
	}
	for name := range s.Env {
		delete(all, name)
	}
	return all
}

// version is the tag or digest of the image that a service runs.
func (b *builder) version(s config.Service) string {
	if s.ImageOf != "" {
		return b.versions[s.ImageOf]
	}
	return b.versions[s.Name]
}
