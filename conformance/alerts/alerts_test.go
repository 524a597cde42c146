// Package alerts lets Prometheus' own parser and rule engine judge the alert rules and the dashboard of components/observability.
package alerts

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
)

// What is judged is reached by links: go test's cache does not look at files outside the module, and would hide a change.
const folder = "testdata/observability/"

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// alertRules are those of alerts.yaml, which Prometheus has found nothing wrong with.
func alertRules(t *testing.T) map[string]rulefmt.Rule {
	t.Helper()
	groups, errs := rulefmt.Parse(read(t, folder+"alerts.yaml"), false)
	for _, err := range errs {
		t.Error(err)
	}
	if len(errs) > 0 {
		t.FailNow()
	}
	all := map[string]rulefmt.Rule{}
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			all[rule.Alert] = rule
		}
	}
	return all
}

// TestEveryAlertFires gives Prometheus' rule engine a bad day and an ordinary one, a sample a minute, for each alert. The
// namespace is the placeholder of the file.
func TestEveryAlertFires(t *testing.T) {
	cases := map[string]struct {
		bad, ordinary string
		summary       string // of the alert on the bad day
	}{
		"TodoBackendDown": {
			bad: `load 1m
				db_pool_connections_max{namespace="other"} 6x200`,
			ordinary: `load 1m
				db_pool_connections_max{namespace="NAMESPACE", pod="a"} 6x200`,
			summary: "No pod of the backend answers Prometheus.",
		},
		"TodoErrors": {
			bad: `load 1m
				http_request_duration_seconds_count{namespace="NAMESPACE", route="/api/tasks", status="200"} 0+90x200
				http_request_duration_seconds_count{namespace="NAMESPACE", route="/api/tasks", status="503"} 0+10x200`,
			ordinary: `load 1m
				http_request_duration_seconds_count{namespace="NAMESPACE", route="/api/tasks", status="200"} 0+96x200
				http_request_duration_seconds_count{namespace="NAMESPACE", route="/api/tasks", status="500"} 0+4x200
				http_request_duration_seconds_count{namespace="NAMESPACE", route="/ready", status="503"} 0+1000x200`,
			summary: "10% of the backend's answers are errors.",
		},
		"TodoSlow": {
			bad: `load 1m
				http_request_duration_seconds_bucket{namespace="NAMESPACE", route="/api/tasks", le="1"} 0+90x200
				http_request_duration_seconds_bucket{namespace="NAMESPACE", route="/api/tasks", le="2.5"} 0+100x200
				http_request_duration_seconds_bucket{namespace="NAMESPACE", route="/api/tasks", le="+Inf"} 0+100x200`,
			ordinary: `load 1m
				http_request_duration_seconds_bucket{namespace="NAMESPACE", route="/api/tasks", le="1"} 0+96x200
				http_request_duration_seconds_bucket{namespace="NAMESPACE", route="/api/tasks", le="2.5"} 0+100x200
				http_request_duration_seconds_bucket{namespace="NAMESPACE", route="/api/tasks", le="+Inf"} 0+100x200
				http_request_duration_seconds_bucket{namespace="NAMESPACE", route="/api/chat", le="1"} 0x200
				http_request_duration_seconds_bucket{namespace="NAMESPACE", route="/api/chat", le="+Inf"} 0+1000x200`,
			summary: "One request of twenty takes 1.75s or longer.",
		},
		"TodoModelUnreachable": {
			bad: `load 1m
				model_circuit_open{namespace="NAMESPACE", pod="a"} 2x200
				model_circuit_open{namespace="NAMESPACE", pod="b"} 0x200`,
			ordinary: `load 1m
				model_circuit_open{namespace="NAMESPACE", pod="a"} 0 1 0x200`,
			summary: "2 workers have given the chat's model up for now: it fails again and again.",
		},
		"TodoDatabaseConnectionsShort": {
			bad: `load 1m
				db_pool_timeouts_total{namespace="NAMESPACE", pod="a"} 0+3x200`,
			ordinary: `load 1m
				db_pool_timeouts_total{namespace="NAMESPACE", pod="a"} 7x200`,
			summary: "Requests fail because every database connection is taken.",
		},
		"TodoCrashLoop": {
			// It waits for most of the time, and runs for a moment now and then.
			bad: `load 1m
				kube_pod_container_status_waiting_reason{namespace="NAMESPACE", pod="backend-x", container="backend", reason="CrashLoopBackOff"} ` + strings.Repeat("1 1 _ 1 ", 50),
			ordinary: `load 1m
				kube_pod_container_status_waiting_reason{namespace="NAMESPACE", pod="backend-x", container="backend", reason="ContainerCreating"} 1x200`,
			summary: "Container backend of backend-x crashes again and again.",
		},
		"TodoReplicasMissing": {
			bad: `load 1m
				kube_deployment_spec_replicas{namespace="NAMESPACE", deployment="backend"} 2x200
				kube_deployment_status_replicas_available{namespace="NAMESPACE", deployment="backend"} 1x200`,
			ordinary: `load 1m
				kube_deployment_spec_replicas{namespace="NAMESPACE", deployment="backend"} 2x200
				kube_deployment_status_replicas_available{namespace="NAMESPACE", deployment="backend"} 1x8 2x200`,
			summary: "backend has 1 pods that serve, fewer than it should.",
		},
		"TodoMigrationFailed": {
			bad: `load 1m
				kube_job_failed{namespace="NAMESPACE", job_name="todo-migration-job-x", condition="true"} 1x200`,
			ordinary: `load 1m
				kube_job_failed{namespace="NAMESPACE", job_name="todo-migration-job-x", condition="false"} 1x200
				kube_job_failed{namespace="NAMESPACE", job_name="todo-migration-job-x", condition="true"} 0x200`,
			summary: "The migration todo-migration-job-x gave up; the release before it serves.",
		},
		"TodoVolumeNearlyFull": {
			bad: `load 1m
				kubelet_volume_stats_capacity_bytes{namespace="NAMESPACE", persistentvolumeclaim="data-database-0"} 1000x200
				kubelet_volume_stats_available_bytes{namespace="NAMESPACE", persistentvolumeclaim="data-database-0"} 50x200`,
			ordinary: `load 1m
				kubelet_volume_stats_capacity_bytes{namespace="NAMESPACE", persistentvolumeclaim="data-database-0"} 1000x200
				kubelet_volume_stats_available_bytes{namespace="NAMESPACE", persistentvolumeclaim="data-database-0"} 200x200`,
			summary: "data-database-0 has 5% left.",
		},
		"TodoCertificateExpires": {
			// In ten days; the second label is where the certificate is when its scraper has a namespace of its own.
			bad: `load 1m
				certmanager_certificate_expiration_timestamp_seconds{namespace="cert-manager", exported_namespace="NAMESPACE", name="todo-tls"} 864000x200`,
			ordinary: `load 1m
				certmanager_certificate_expiration_timestamp_seconds{namespace="NAMESPACE", name="todo-tls"} 2592000x200`,
			summary: "Certificate todo-tls ends in 9d 23h 0m 0s and was not renewed.",
		},
	}
	for name, rule := range alertRules(t) {
		c, found := cases[name]
		if !found {
			t.Errorf("%s has no bad day here that shows that it fires", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			if fired := evaluate(t, rule, c.bad); len(fired) != 1 || fired[0].Annotations.Get("summary") != c.summary {
				t.Errorf("on its bad day it says %v, want %q once", summaries(fired), c.summary)
			} else if fired[0].Labels.Get("severity") == "" || fired[0].Labels.Get("namespace") != "NAMESPACE" || fired[0].Annotations.Get("action") == "" {
				t.Errorf("the alert lacks its severity, its namespace or what to do: %v %v", fired[0].Labels, fired[0].Annotations)
			}
			if fired := evaluate(t, rule, c.ordinary); len(fired) > 0 {
				t.Errorf("it fires on an ordinary day: %v", summaries(fired))
			}
		})
	}
}

func summaries(alerts []*rules.Alert) (all []string) {
	for _, a := range alerts {
		all = append(all, a.Annotations.Get("summary"))
	}
	return all
}

// evaluate runs a rule every minute, as Prometheus does, and returns what fired at any of them; each alert once.
func evaluate(t *testing.T, rule rulefmt.Rule, series string) []*rules.Alert {
	t.Helper()
	storage := promqltest.LoadedStorage(t, series)
	defer storage.Close()
	engine := promqltest.NewTestEngine(t, false, 0, promqltest.DefaultMaxSamplesPerQuery)
	expr, err := parser.ParseExpr(rule.Expr)
	if err != nil {
		t.Fatal(err)
	}
	alerting := rules.NewAlertingRule(rule.Alert, expr, time.Duration(rule.For), 0, labels.FromMap(rule.Labels), labels.FromMap(rule.Annotations),
		labels.EmptyLabels(), "", true, promslog.NewNopLogger())
	query := rules.EngineQueryFunc(engine, storage)
	var fired []*rules.Alert
	for minute := range 181 {
		if _, err := alerting.Eval(t.Context(), 0, time.Unix(0, 0).Add(time.Duration(minute)*time.Minute), query, nil, 0); err != nil {
			t.Fatal(err)
		}
		for _, a := range alerting.ActiveAlerts() {
			known := func(other *rules.Alert) bool { return labels.Equal(other.Labels, a.Labels) }
			if a.State == rules.StateFiring && !slices.ContainsFunc(fired, known) {
				fired = append(fired, a)
			}
		}
	}
	return fired
}

// The alerts' names must say whose they are: Alertmanager has those of everybody.
func TestAlertsAreNamedAfterTheProduct(t *testing.T) {
	for name := range alertRules(t) {
		if !strings.HasPrefix(name, "Todo") {
			t.Errorf("%s does not begin with Todo", name)
		}
	}
}
