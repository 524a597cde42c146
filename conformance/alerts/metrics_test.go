package alerts

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// others are the metrics of other programs, and the labels that a query may select by or sum over.
var others = map[string][]string{
	// kube-state-metrics, docs/metrics
	"kube_pod_container_status_waiting_reason":  {"pod", "container", "reason"},
	"kube_pod_container_status_restarts_total":  {"pod", "container"},
	"kube_deployment_status_replicas_available": {"deployment"},
	"kube_deployment_spec_replicas":             {"deployment"},
	"kube_job_failed":                           {"job_name", "condition"},
	// the kubelet, and cAdvisor in it
	"kubelet_volume_stats_available_bytes":      {"persistentvolumeclaim"},
	"kubelet_volume_stats_capacity_bytes":       {"persistentvolumeclaim"},
	"container_cpu_usage_seconds_total":         {"pod", "container"},
	"container_memory_working_set_bytes":        {"pod", "container"},
	"container_cpu_cfs_periods_total":           {"pod", "container"},
	"container_cpu_cfs_throttled_periods_total": {"pod", "container"},
	// cert-manager
	"certmanager_certificate_expiration_timestamp_seconds": {"name", "exported_namespace"},
}

// ours are the backend's metrics by the names that queries use, with their labels. The backend's README has the table, and a
// test of the backend's holds it against what is really exported.
func ours(t *testing.T) map[string][]string {
	t.Helper()
	_, section, _ := strings.Cut(string(read(t, "testdata/backend.md")), "### Metrics")
	table, _, _ := strings.Cut(section, "\n## ")
	all := map[string][]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\w+) \\| ([^|]*)\\|").FindAllStringSubmatch(table, -1) {
		name, found := row[1], []string{"pod"} // which every scraper adds
		for _, label := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(row[3], -1) {
			found = append(found, label[1])
		}
		if row[2] != "histogram" {
			all[name] = found
			continue
		}
		all[name+"_count"], all[name+"_sum"], all[name+"_bucket"] = found, found, append(slices.Clone(found), "le")
	}
	if len(all) < 10 {
		t.Fatalf("the backend's README lists %d metrics, want all of some fifteen: %v", len(all), all)
	}
	return all
}

type dashboard struct {
	UID, Title string
	Templating struct {
		List []struct{ Name, Type, Query string }
	}
	Panels []panel
}

type panel struct {
	ID          int
	Type, Title string
	Datasource  struct{ Type, UID string }
	GridPos     struct{ H, W, X, Y int }
	Targets     []struct {
		RefID, Expr string
		Datasource  struct{ Type, UID string }
	}
}

func board(t *testing.T) dashboard {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal(read(t, folder+"dashboard.json"), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// queries are all that Prometheus is asked for, by where they stand.
func queries(t *testing.T) map[string]string {
	all := map[string]string{}
	for name, rule := range alertRules(t) {
		all["alert "+name] = rule.Expr
	}
	for _, p := range board(t).Panels {
		for _, target := range p.Targets {
			// Grafana puts the interval in; Prometheus never sees the variable.
			all[fmt.Sprintf("panel %q %s", p.Title, target.RefID)] = strings.ReplaceAll(target.Expr, "$__rate_interval", "2m")
		}
	}
	return all
}

// problems of a query: metrics and labels that nobody exports, and series of other namespaces.
func problems(t *testing.T, query string) (found []string) {
	t.Helper()
	expr, err := parser.ParseExpr(query)
	if err != nil {
		return []string{err.Error()}
	}
	known := ours(t)
	for name, have := range others {
		known[name] = have
	}
	var selectable []string // of all metrics of the query
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		selector, is := node.(*parser.VectorSelector)
		if !is {
			return nil
		}
		name, scoped := selector.Name, false
		for _, m := range selector.LabelMatchers {
			if m.Name == labels.MetricName {
				name = m.Value
			}
		}
		have, exists := known[name]
		if !exists {
			found = append(found, "nobody exports "+name)
		}
		for _, m := range selector.LabelMatchers {
			if (m.Name == "namespace" || m.Name == "exported_namespace") && m.Type == labels.MatchEqual && m.Value == "NAMESPACE" {
				scoped = true
			} else if exists && m.Name != labels.MetricName && !slices.Contains(have, m.Name) {
				found = append(found, fmt.Sprintf("%s has no label %s", name, m.Name))
			}
		}
		if !scoped {
			found = append(found, name+" is not that of the stack's namespace alone")
		}
		selectable = append(selectable, have...)
		return nil
	})
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if aggregate, is := node.(*parser.AggregateExpr); is {
			for _, label := range aggregate.Grouping {
				if !slices.Contains(selectable, label) {
					found = append(found, "there is no label "+label+" to sum by")
				}
			}
		}
		return nil
	})
	return found
}

func TestEveryQueryIsOfMetricsThatExist(t *testing.T) {
	all := queries(t)
	if len(all) < 30 {
		t.Fatalf("there are %d queries, want those of ten alerts and twenty panels", len(all))
	}
	used := map[string]bool{}
	for where, query := range all {
		for _, problem := range problems(t, query) {
			t.Errorf("%s: %s\n%s", where, problem, query)
		}
		for name := range ours(t) {
			used[name] = used[name] || strings.Contains(query, name+"{")
		}
	}
	for name := range ours(t) {
		if !used[name] && !strings.HasSuffix(name, "_sum") {
			t.Errorf("the backend exports %s, and neither the dashboard nor an alert looks at it", name)
		}
	}
}

func TestAWrongQueryIsNoticed(t *testing.T) {
	for query, want := range map[string]string{
		`sum(rate(http_request_duration_seconds_count{namespace="NAMESPACE"})`:   "parse error",
		`sum(rate(http_request_duration_seconds_count{namespace="NAMESPACE"}))`:  "expected type range vector",
		`http_requests_total{namespace="NAMESPACE"}`:                             "nobody exports http_requests_total",
		`http_request_duration_seconds_count{namespace="NAMESPACE", code="500"}`: "has no label code",
		`http_requests_in_flight`: "not that of the stack's namespace",
		`sum by (path) (rate(http_request_duration_seconds_count{namespace="NAMESPACE"}[5m]))`: "no label path to sum by",
		`sum(rate(http_request_duration_seconds{namespace="NAMESPACE"}[5m]))`:                  "nobody exports http_request_duration_seconds",
		`sum(kube_pod_container_status_restarts{namespace="NAMESPACE"})`:                       "nobody exports kube_pod_container_status_restarts",
	} {
		if found := strings.Join(problems(t, query), "; "); !strings.Contains(found, want) {
			t.Errorf("%s: found %q, want %q: the test above would prove nothing", query, found, want)
		}
	}
}

// No Grafana can be had here; these are the mistakes that its import does not forgive, or that leave a panel empty.
func TestDashboardIsWhole(t *testing.T) {
	d := board(t)
	if d.UID != "UID" || !strings.Contains(d.Title, "NAMESPACE") {
		t.Errorf("uid %q and title %q have not the placeholders that tell two stacks apart", d.UID, d.Title)
	}
	if len(d.Templating.List) != 1 || d.Templating.List[0].Name != "datasource" || d.Templating.List[0].Type != "datasource" || d.Templating.List[0].Query != "prometheus" {
		t.Errorf("the variables are %v, want the data source alone", d.Templating.List)
	}
	ids, taken := map[int]string{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if other, twice := ids[p.ID]; twice || p.ID == 0 || p.Title == "" {
			t.Errorf("panel %q has the id %d, which is 0 or that of %q", p.Title, p.ID, other)
		}
		ids[p.ID] = p.Title
		if p.GridPos.W < 1 || p.GridPos.X+p.GridPos.W > 24 || p.GridPos.H < 1 {
			t.Errorf("panel %q does not fit the 24 columns: %+v", p.Title, p.GridPos)
		}
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				cell := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if other, covered := taken[cell]; covered && other != p.Title {
					t.Fatalf("panels %q and %q overlap", p.Title, other)
				}
				taken[cell] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		refs := map[string]bool{}
		for _, target := range p.Targets {
			if target.Expr == "" || refs[target.RefID] || target.Datasource.UID != "${datasource}" || p.Datasource.UID != "${datasource}" {
				t.Errorf("panel %q: query %s is empty, not the only one of its name, or not of the chosen data source", p.Title, target.RefID)
			}
			refs[target.RefID] = true
		}
		if len(refs) == 0 {
			t.Errorf("panel %q asks for nothing", p.Title)
		}
	}
}
