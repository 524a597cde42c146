package config

import (
	"maps"
	"strings"
	"testing"
	"time"

	"todo/internal/pulumitest"
)

func TestNodeAddress(t *testing.T) {
	chosen := `{"context":"todo-lab","kubeconfig":"kubeconfig","registry":"localhost:5000","local":true,"kind":"lab","nodeAddress":"10.0.0.7"}`
	for name, c := range map[string]struct {
		config  map[string]string
		chosen  string
		preview bool
		web     string
	}{
		"given":             {map[string]string{"todo:nodeAddress": "node.your-company.com"}, chosen, false, "http://node.your-company.com:30000"},
		"what make up saw":  {nil, chosen, false, "http://10.0.0.7:30000"},
		"Minikube's server": {map[string]string{"todo:kubeContext": "minikube"}, "", false, "http://192.168.49.2:30000"},
		"another cluster than make up's": {map[string]string{"todo:kubeContext": "minikube"}, chosen, false,
			"http://192.168.49.2:30000"},
		"IPv6":                 {map[string]string{"todo:nodeAddress": "fd00::7"}, chosen, false, "http://[fd00::7]:30000"},
		"a preview before all": {map[string]string{"todo:kubeContext": "todo-lab"}, "", true, "http://node-address.invalid:30000"},
	} {
		t.Run(name, func(t *testing.T) {
			m, _ := bare(recorded, nil)
			o := options{Root: pulumitest.Project(t), Preview: c.preview, Config: map[string]string{
				"todo:exposure": "nodePort", "todo:kubeconfigPath": "kubeconfig", "todo:registry": "localhost:5000",
			}}
			maps.Copy(o.Config, c.config)
			if c.chosen != "" {
				pulumitest.Write(t, o.Root, ".state/dev/cluster.json", c.chosen)
			}
			cfg, err := load(t, o, m)
			if err != nil {
				t.Fatal(err)
			}
			if cfg.WebURL() != c.web || cfg.Service(BackendName).NodePort != 30800 {
				t.Errorf("the web is at %s and the API's port is %d, want %s and 30800", cfg.WebURL(), cfg.Service(BackendName).NodePort, c.web)
			}
		})
	}
}

func TestNextCommand(t *testing.T) {
	for exposure, want := range map[Exposure]string{
		Localhost: "make forward", NodePort: "curl --fail http://10.0.0.7:30800/ready", Gateway: "curl --fail https://api.todo.your-company.com/ready",
		LoadBalancer: "point api.todo.your-company.com, todo.your-company.com, chat.todo.your-company.com at these " +
			"addresses: kubectl --context prod-eu -n todo-dev get services",
	} {
		c := &Config{Exposure: exposure, Domain: "todo.your-company.com", NodeAddress: "10.0.0.7", Namespace: "todo-dev",
			Stack: "dev", Kube: Kube{Context: "prod-eu"}, rows: knownServices()}
		c.row(BackendName).NodePort = defaultNodePorts[BackendName]
		if got := c.NextCommand(); got != want {
			t.Errorf("%s: next is %q, want %q", exposure, got, want)
		}
		c.Stack = "qa"
		if got := c.NextCommand(); exposure == Localhost && got != "make forward STACK=qa" {
			t.Errorf("of stack qa, next is %q, which forwards stack dev", got)
		}
	}
}

func TestGivenCertificate(t *testing.T) {
	const domain = "todo.your-company.com"
	later, before := time.Now().Add(24*time.Hour), time.Now().Add(-time.Hour)
	chain, key := pulumitest.Certificate(t, later, domain, "*."+domain)
	_, otherKey := pulumitest.Certificate(t, later, domain)
	narrow, narrowKey := pulumitest.Certificate(t, later, domain)
	old, oldKey := pulumitest.Certificate(t, before, domain, "*."+domain)
	for name, c := range map[string]struct {
		chain, key string
		plain      map[string]string
		says       string
	}{
		"good":               {chain: chain, key: key},
		"without key":        {chain: chain, says: "tlsKey: not set; tlsCertificate is, and one is nothing without the other. Fix: pulumi config set -s dev --secret tlsKey < <file.pem>"},
		"without chain":      {key: key, says: "tlsCertificate: not set; tlsKey is"},
		"another's key":      {chain: chain, key: otherKey, says: "tlsCertificate: cannot be used: private key does not match"},
		"no PEM":             {chain: "certificate", key: key, says: "tlsCertificate: cannot be used: failed to find any PEM data"},
		"expired":            {chain: old, key: oldKey, says: "tlsCertificate: expired on " + before.UTC().Format(time.DateOnly)},
		"one host":           {chain: narrow, key: narrowKey, says: "tlsCertificate: is not for api." + domain + " but for " + domain},
		"beside a Secret":    {chain: chain, key: key, plain: map[string]string{"todo:tlsSecret": "todo-tls"}, says: "tlsCertificate: set; a Secret or an issuer is named too"},
		"key in plain text":  {chain: chain, plain: map[string]string{"todo:tlsKey": key}, says: "tlsKey: set in plain text"},
		"on a named Gateway": {chain: chain, key: key, plain: map[string]string{"todo:exposure": "gateway", "todo:gateway": `{"name":"shared"}`}, says: "tlsCertificate: set; the Gateway named by gateway.name decides it"},
	} {
		t.Run(name, func(t *testing.T) {
			m, _ := bare("", nil)
			o := options{Root: pulumitest.Project(t), Secrets: map[string]string{}, Config: map[string]string{
				"todo:exposure": "ingress", "todo:domain": domain, "todo:kubeContext": "todo-lab", "todo:kubeconfigPath": "kubeconfig", "todo:registry": "localhost:5000",
			}}
			maps.Copy(o.Config, c.plain)
			for name, text := range map[string]string{"todo:tlsCertificate": c.chain, "todo:tlsKey": c.key} {
				if text != "" {
					o.Secrets[name] = text
				}
			}
			cfg, err := load(t, o, m)
			switch {
			case c.says == "" && (err != nil || cfg.TLS.Certificate == nil):
				t.Errorf("it was refused or lost: %v", err)
			case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
				t.Errorf("error %v, want one that says %q", err, c.says)
			case err != nil && strings.Contains(err.Error(), strings.Split(key, "\n")[1]):
				t.Error("the message repeats the key")
			}
		})
	}
}
