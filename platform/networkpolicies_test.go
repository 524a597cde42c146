package platform

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"todo/internal/pulumitest"
)

// policySpec is a NetworkPolicy's spec as Kubernetes writes it.
type policySpec struct {
	PodSelector podLabels
	PolicyTypes []string
	Ingress     []struct {
		From  []policyPeer
		Ports []policyPort
	}
	Egress []struct {
		To    []policyPeer
		Ports []policyPort
	}
}

type policyPeer struct {
	PodSelector       *podLabels
	NamespaceSelector *struct {
		MatchExpressions []struct {
			Key, Operator string
			Values        []string
		}
	}
	IPBlock *struct {
		CIDR   string
		Except []string
	}
}

type policyPort struct {
	Protocol string
	Port     int
}

type podLabels struct{ MatchLabels map[string]string }

func specOf(t *testing.T, policy pulumitest.Resource) policySpec {
	t.Helper()
	var s policySpec
	if err := json.Unmarshal([]byte(policy.JSON("spec")), &s); err != nil {
		t.Fatalf("%s: %v", policy.Name, err)
	}
	return s
}

// services are those whose pods, as registered, a selector selects: a selector that hits nobody shows.
func services(r *pulumitest.Recorder, selector podLabels) string {
	if len(selector.MatchLabels) == 0 {
		return "every pod"
	}
	var names []string
	for _, w := range slices.Concat(r.OfType(deploymentType), r.OfType("kubernetes:apps/v1:StatefulSet"), r.OfType(jobType), r.OfType(cronJobType)) {
		template := "spec.template"
		if w.Type == cronJobType {
			template = "spec.jobTemplate.spec.template"
		}
		has := w.At(template + ".metadata.labels").Mappable().(map[string]any)
		selected := true
		for key, value := range selector.MatchLabels {
			selected = selected && has[key] == value
		}
		if selected {
			names = append(names, has["app.kubernetes.io/name"].(string))
		}
	}
	return strings.Join(names, "+")
}

func (p policyPeer) String(r *pulumitest.Recorder) string {
	switch {
	case p.IPBlock != nil && len(p.IPBlock.Except) > 0:
		return p.IPBlock.CIDR + " but " + strings.Join(p.IPBlock.Except, ",")
	case p.IPBlock != nil:
		return p.IPBlock.CIDR
	case p.NamespaceSelector != nil:
		e := p.NamespaceSelector.MatchExpressions[0]
		return fmt.Sprintf("namespaces %s %s %v", e.Key, e.Operator, e.Values)
	}
	return services(r, *p.PodSelector)
}

// connections lists all that the recorded policies allow: one line per direction, peer and port.
func connections(t *testing.T, r *pulumitest.Recorder) []string {
	t.Helper()
	var lines []string
	list := func(pods, arrow string, peers []policyPeer, ports []policyPort) {
		if len(ports) == 0 {
			t.Errorf("a rule of %s has no port: it allows all of them", pods)
		}
		names := []string{"anywhere"} // what no peer means
		for i, p := range peers {
			names = append(names[:i:i], p.String(r))
		}
		for _, name := range names {
			for _, port := range ports {
				lines = append(lines, fmt.Sprintf("%s %s %s %s %d", pods, arrow, name, port.Protocol, port.Port))
			}
		}
	}
	for _, policy := range r.OfType(policyType) {
		s := specOf(t, policy)
		pods := services(r, s.PodSelector)
		for _, rule := range s.Ingress {
			list(pods, "<-", rule.From, rule.Ports)
		}
		for _, rule := range s.Egress {
			list(pods, "->", rule.To, rule.Ports)
		}
	}
	slices.Sort(lines)
	return lines
}

func TestConnections(t *testing.T) {
	always := []string{
		"every pod -> anywhere UDP 53", "every pod -> anywhere TCP 53",
		"frontend-web -> backend TCP 8000", "backend <- frontend-web TCP 8000",
		"frontend-chatbot -> backend TCP 8000", "backend <- frontend-chatbot TCP 8000",
	}
	ownDatabase := []string{
		"backend -> database TCP 5432", "database <- backend TCP 5432",
		"migration -> database TCP 5432", "database <- migration TCP 5432",
	}
	openAI := []string{
		"backend -> 0.0.0.0/0 but 10.0.0.0/8,100.64.0.0/10,169.254.0.0/16,172.16.0.0/12,192.168.0.0/16 TCP 443",
		"backend -> ::/0 but fc00::/7,fe80::/10 TCP 443",
	}
	controller := "namespaces kubernetes.io/metadata.name NotIn "
	for name, c := range map[string]struct {
		config, secrets map[string]string
		want            [][]string
	}{
		"development": {want: [][]string{ownDatabase, openAI}},
		"Minikube's host": {
			config: map[string]string{"todo:kubeContext": "minikube"},
			want: [][]string{ownDatabase, openAI, {
				"frontend-web <- 192.168.49.0/24 TCP 3000", "frontend-chatbot <- 192.168.49.0/24 TCP 3001",
			}},
		},
		"another API by name": {
			config: map[string]string{"todo:OPENAI_BASE_URL": "http://llm.internal:11434/v1"},
			want:   [][]string{ownDatabase, {"backend -> anywhere TCP 11434"}},
		},
		"another API by private address": {
			config: map[string]string{"todo:OPENAI_BASE_URL": "https://10.1.2.3/v1"},
			want:   [][]string{ownDatabase, {"backend -> 10.1.2.3/32 TCP 443"}},
		},
		"another API by IPv6 address over http": {
			config: map[string]string{"todo:OPENAI_BASE_URL": "http://[fd00::5]/v1"},
			want:   [][]string{ownDatabase, {"backend -> fd00::5/128 TCP 80"}},
		},
		"production": {
			config: production, secrets: map[string]string{"todo:DATABASE_URL": "postgres://u:p@db.your-company.com:6543/todo?sslmode=require"},
			want: [][]string{openAI, {
				"backend -> anywhere TCP 6543", "migration -> anywhere TCP 6543",
				"backend <- " + controller + "[todo-dev] TCP 8000",
				"frontend-web <- " + controller + "[todo-dev] TCP 3000",
				"frontend-chatbot <- " + controller + "[todo-dev] TCP 3001",
			}},
		},
		"database's default port": {
			secrets: map[string]string{"todo:DATABASE_URL": "postgres://u:p@10.9.8.7/todo"},
			want:    [][]string{openAI, {"backend -> anywhere TCP 5432", "migration -> anywhere TCP 5432"}},
		},
		"a database behind another port": {
			config: map[string]string{"todo:services": `{"backend":{"egress":[{"cidr":"10.20.0.0/16","port":6432}]}}`},
			want:   [][]string{ownDatabase, openAI, {"backend -> 10.20.0.0/16 TCP 6432", "migration -> 10.20.0.0/16 TCP 6432"}},
		},
		"a front's own way out": {
			config: map[string]string{"todo:services": `{"frontend-web":{"egress":[{"cidr":"10.20.0.0/16","port":6432}]}}`},
			want:   [][]string{ownDatabase, openAI, {"frontend-web -> 10.20.0.0/16 TCP 6432"}},
		},
		"no migration, and another port": {
			config: map[string]string{"todo:migration": `{"enabled":false}`, "todo:services": `{"backend":{"egress":[{"cidr":"10.20.0.0/16","port":6432}]}}`},
			want:   [][]string{{"backend -> database TCP 5432", "database <- backend TCP 5432", "backend -> 10.20.0.0/16 TCP 6432"}, openAI},
		},
		"no migration": {
			config: map[string]string{"todo:migration": `{"enabled":false}`},
			want:   [][]string{{"backend -> database TCP 5432", "database <- backend TCP 5432"}, openAI},
		},
		"a scraper": {
			config: map[string]string{"todo:observability": `{"metrics":"annotations","namespace":"prometheus"}`},
			want:   [][]string{ownDatabase, openAI, {"backend <- namespaces kubernetes.io/metadata.name In [prometheus] TCP 9090"}},
		},
		"a collector": {
			config: map[string]string{"todo:observability": `{"otlpEndpoint":"http://collector.monitoring:4318"}`},
			want: [][]string{ownDatabase, openAI, {
				"backend -> anywhere TCP 4318", "frontend-web -> anywhere TCP 4318", "frontend-chatbot -> anywhere TCP 4318",
			}},
		},
		"switched off": {config: map[string]string{"todo:networkPolicies": "false"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := pulumitest.Options{Root: pulumitest.Project(t), Secrets: c.secrets, Config: map[string]string{
				"todo:kubeconfigPath": "kubeconfig", "todo:kubeContext": "todo-lab", "todo:registry": "localhost:5000",
			}}
			maps.Copy(o.Config, c.config)
			r := runStack(t, o)
			want := slices.Concat(c.want...)
			if want != nil {
				want = append(want, always...)
			}
			slices.Sort(want)
			got := connections(t, r)
			for _, line := range got {
				if !slices.Contains(want, line) {
					t.Errorf("allowed, and should not be: %s", line)
				}
			}
			for _, line := range want {
				if !slices.Contains(got, line) {
					t.Errorf("not allowed, and should be: %s", line)
				}
			}
			if n := len(r.OfType(policyType)); want == nil && n > 0 {
				t.Errorf("%d policies exist though they are switched off", n)
			}
		})
	}
}

func TestDefaultDenyHoldsForEveryPod(t *testing.T) {
	r := runApp(t, nil)
	deny := r.Get(policyType, "todo-network-policies-default-deny")
	expect(t, deny, "spec", `{"podSelector":{},"policyTypes":["Ingress","Egress"]}`, "every pod, both directions, no exception")
	for _, policy := range r.OfType(policyType) {
		expect(t, policy, "metadata.name", "null", "Kubernetes names it")
		expect(t, policy, "metadata.namespace", `"todo-dev"`, "the stack's own")
		if s := specOf(t, policy); len(s.Egress) > 0 && !slices.Contains(s.PolicyTypes, "Egress") {
			t.Errorf("%s has egress rules, and without its type they do nothing", policy.Name)
		}
	}
}

func TestOnlyTheBackendLeavesTheCluster(t *testing.T) {
	for name, r := range map[string]*pulumitest.Recorder{
		"dev": runApp(t, nil),
		"live": runStack(t, pulumitest.Options{
			Stack: "live", Root: pulumitest.Project(t), Config: production,
			Secrets: map[string]string{"todo:DATABASE_URL": "postgres://u:p@db.your-company.com/todo?sslmode=require"},
		}),
	} {
		for _, line := range connections(t, r) {
			wide := strings.Contains(line, "anywhere") || strings.Contains(line, "0.0.0.0/0") || strings.Contains(line, "::/0")
			dns := strings.HasPrefix(line, "every pod -> ") && strings.HasSuffix(line, "P 53")
			toDatabase := line == "migration -> anywhere TCP 5432"
			if wide && !dns && !toDatabase && !strings.HasPrefix(line, "backend -> ") {
				t.Errorf("%s: %s: only the backend has business outside, and the migration where the database is", name, line)
			}
		}
	}
}
