package platform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"todo/internal/pulumitest"
)

// exposures has a stack for every way to be reached. What follows from each is in testdata/exposure-<name>.golden.
var exposures = map[string]map[string]string{
	"localhost":       {},
	"localhost-ports": {"todo:services": `{"frontend-web":{"localPort":13000,"nodePort":0},"backend":{"localPort":18000,"nodePort":30900}}`},
	"nodeport":        {"todo:exposure": "nodePort", "todo:nodeAddress": "fd00::7", "todo:ingressFrom": `{"cidrs":["10.0.0.0/8"]}`},
	"loadbalancer":    {"todo:exposure": "loadBalancer", "todo:domain": "todo.your-company.com"},
	"loadbalancer-tls": {"todo:exposure": "loadBalancer", "todo:domain": "todo.your-company.com", "todo:loadBalancer": `{"tls":true,"class":"service.k8s.aws/nlb"}`,
		"todo:exposureAnnotations": `{"service.beta.kubernetes.io/aws-load-balancer-ssl-ports":"443"}`},
	"ingress": {"todo:exposure": "ingress", "todo:domain": "todo.your-company.com", "todo:tlsSecret": "own-tls", "todo:ingressClass": "nginx",
		"todo:exposureAnnotations": `{"nginx.ingress.kubernetes.io/proxy-body-size":"1m"}`},
	"ingress-certmanager": {"todo:exposure": "ingress", "todo:domain": "todo.your-company.com", "todo:tlsClusterIssuer": "letsencrypt", "todo:ingressClass": "traefik",
		"todo:ingressFrom": `{"namespaces":["ingress-nginx"],"cidrs":["10.0.0.0/16"]}`},
	"gateway": {"todo:exposure": "gateway", "todo:domain": "todo.your-company.com", "todo:tlsIssuer": "company",
		"todo:gateway": `{"class":"traefik","httpPort":8000,"httpsPort":8443}`, "todo:exposureAnnotations": `{"example.com/pool":"public"}`},
	"gateway-shared": {"todo:exposure": "gateway", "todo:domain": "todo.your-company.com", "todo:gateway": `{"name":"shared","namespace":"infra","httpListener":"web"}`},
}

func TestExposureGolden(t *testing.T) {
	for name, extra := range exposures {
		t.Run(name, func(t *testing.T) {
			text := exposureText(t, runApp(t, extra))
			file := filepath.Join("testdata", "exposure-"+name+".golden")
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v (make it with UPDATE_GOLDEN=1)", err)
			}
			if text != string(want) {
				t.Errorf("%s says\n%s\nand the program does\n%s\nIf that is meant: UPDATE_GOLDEN=1 go test ./components", file, want, text)
			}
		})
	}
}

// exposureText is all that depends on the exposure: what the pods are told, the build argument, what exists for it, and
// which connections from outside are let in.
func exposureText(t *testing.T, r *pulumitest.Recorder) string {
	t.Helper()
	var out strings.Builder
	section := func(title, text string) {
		var indented bytes.Buffer
		if err := json.Indent(&indented, []byte(text), "", "  "); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "# %s\n%s\n", title, &indented)
	}
	for _, service := range []string{"backend", "frontend-web", "frontend-chatbot"} {
		section("environment of "+service, r.Get(configMapType, "todo-"+service+"-config-configmap").JSON("data"))
	}
	section("build arguments of frontend-web", r.Get(imageType, "todo-frontend-web-image-build").JSON("build.args"))
	for _, res := range r.All() {
		if !strings.HasPrefix(res.Name, "todo-exposure-") {
			continue
		}
		section(res.Type+" "+res.Name+": annotations", res.JSON("metadata.annotations"))
		section(res.Type+" "+res.Name, res.JSON("spec"))
	}
	fmt.Fprintln(&out, "# from outside")
	for _, line := range connections(t, r) {
		if strings.Contains(line, "<-") && !strings.Contains(line, "<- frontend-") && !strings.Contains(line, "<- backend") {
			fmt.Fprintln(&out, line)
		}
	}
	return out.String()
}

// TestNoExposureWaitsForAController: the engine would wait for an address that a cluster without a controller never gives.
func TestNoExposureWaitsForAController(t *testing.T) {
	for name, extra := range exposures {
		r := runApp(t, extra)
		for _, res := range r.All() {
			waits := res.Type == "kubernetes:networking.k8s.io/v1:Ingress" || (res.Type == serviceType && res.Text("spec.type") == "LoadBalancer")
			if waits && !strings.Contains(res.JSON("metadata.annotations"), `"pulumi.com/skipAwait":"true"`) {
				t.Errorf("%s: %s would wait for its address", name, res.Name)
			}
		}
	}
}

// TestGivenCertificate: what serves TLS names the Secret that holds the certificate, and the key stays secret.
func TestGivenCertificate(t *testing.T) {
	const domain = "todo.your-company.com"
	chain, key := pulumitest.Certificate(t, time.Now().Add(time.Hour), domain, "*."+domain)
	for exposure, name := range map[string]func(*pulumitest.Recorder) string{
		"ingress": func(r *pulumitest.Recorder) string {
			return r.Get("kubernetes:networking.k8s.io/v1:Ingress", "todo-exposure-ingress").Text("spec.tls.0.secretName")
		},
		"gateway": func(r *pulumitest.Recorder) string {
			return r.Get("kubernetes:"+gatewayAPI+":Gateway", "todo-exposure-gateway").Text("spec.listeners.2.tls.certificateRefs.0.name")
		},
	} {
		config := map[string]string{"todo:exposure": exposure, "todo:domain": domain,
			"todo:kubeconfigPath": "kubeconfig", "todo:kubeContext": "todo-lab", "todo:registry": "localhost:5000"}
		if exposure == "gateway" {
			config["todo:gateway"] = `{"class":"traefik"}`
		}
		r := runStack(t, pulumitest.Options{Root: pulumitest.Project(t), Config: config,
			Secrets: map[string]string{"todo:tlsCertificate": chain, "todo:tlsKey": key}})
		secret := r.Get(secretType, "todo-exposure-certificate")
		expect(t, secret, "type", `"kubernetes.io/tls"`, "controllers take no other")
		for _, name := range []string{"tls.crt", "tls.key"} {
			if _, found := secret.At("stringData").ObjectValue()[resource.PropertyKey(name)]; !found {
				t.Errorf("%s: the Secret has no %s", exposure, name)
			}
		}
		if got := name(r); !strings.HasPrefix(got, "todo-exposure-certificate-") {
			t.Errorf("%s: TLS is served from Secret %q, want the one of the certificate", exposure, got)
		}
		for _, res := range r.All() {
			if leaks := res.Leaks(strings.Split(key, "\n")[1]); len(leaks) > 0 {
				t.Errorf("%s: the key would be readable in the state at %v", exposure, leaks)
			}
		}
	}
}
