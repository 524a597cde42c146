//go:build e2e

package e2e

import (
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// place is where a probe starts or ends: a pod of the stack, a pod of a stranger, or an address outside.
type place struct {
	namespace, pod, ip string
	port               int // that it serves; 0 is none
	probe              []string
}

// The probes open a TCP connection to the host and port that follow, and print "open <address>" or "closed: <why>"
// within 3 s. They are written in what each image has: none has curl. They always succeed, so that a kubectl exec that
// does not work is no closed port.
var (
	nodeProbe = []string{"node", "-e", `const say = (text) => { console.log(text); process.exit(0); };
const s = require("net").connect({ host: process.argv[1], port: +process.argv[2] }, () => say("open " + s.remoteAddress));
s.on("error", (e) => say("closed: " + e.code));
setTimeout(() => say("closed: timeout"), 3000);`}
	pythonProbe = []string{"python", "-c", `import socket, sys
try:
    print("open", socket.create_connection((sys.argv[1], int(sys.argv[2])), 3).getpeername()[0])
except OSError as e:
    print("closed:", type(e).__name__)`}
	shellProbe = []string{"bash", "-c", `if timeout 3 bash -c 'exec 3<>"/dev/tcp/$1/$2"' - "$1" "$2" 2>/dev/null; then echo "open $1"; else echo "closed: status $?"; fi`, "-"}
)

// connect probes a port from a pod.
func (p place) connect(t *testing.T, host string, port int) (open bool, said string) {
	t.Helper()
	args := append([]string{"-n", p.namespace, "exec", p.pod, "--"}, p.probe...)
	said = strings.TrimSpace(kubectl(t, append(args, host, strconv.Itoa(port))...))
	open = strings.HasPrefix(said, "open ")
	if !open && (!strings.HasPrefix(said, "closed: ") || strings.Contains(said, "ENOTFOUND") || strings.Contains(said, "EAI_AGAIN") || strings.Contains(said, "gaierror")) {
		t.Fatalf("the probe from %s to %s:%d did not get as far as connecting: %s", p.pod, host, port, said)
	}
	return open, said
}

// places finds one pod per service.
func places(t *testing.T) map[string]place {
	t.Helper()
	found := map[string]place{}
	for service, p := range map[string]place{
		"backend": {port: 8000, probe: pythonProbe}, "database": {port: 5432, probe: shellProbe},
		"frontend-web": {port: 3000, probe: nodeProbe}, "frontend-chatbot": {port: 3001, probe: nodeProbe},
	} {
		fields := strings.Fields(kubectl(t, "-n", "todo-dev", "get", "pods", "-l", "app.kubernetes.io/name="+service,
			"-o", `jsonpath={.items[0].metadata.name} {.items[0].status.podIP}`))
		if len(fields) != 2 {
			t.Fatalf("%s has no pod with an address: %v", service, fields)
		}
		p.namespace, p.pod, p.ip = "todo-dev", fields[0], fields[1]
		found[service] = p
	}
	return found
}

// stranger runs a pod in a namespace without policies. It has the labels of the web front, which must not help it.
func stranger(t *testing.T) place {
	t.Helper()
	const namespace = "todo-e2e-stranger"
	image := kubectl(t, "-n", "todo-dev", "get", "deployments", "-l", "app.kubernetes.io/name=frontend-web", "-o", `jsonpath={.items[0].spec.template.spec.containers[0].image}`)
	labels := kubectl(t, "-n", "todo-dev", "get", "deployments", "-l", "app.kubernetes.io/name=frontend-web", "-o",
		`jsonpath={.items[0].spec.selector.matchLabels.app\.kubernetes\.io/instance}`)
	makeNamespace(t, namespace)
	kubectl(t, "-n", namespace, "run", "stranger", "--image="+image, "--restart=Never", "--grace-period=1",
		"--labels=app.kubernetes.io/name=frontend-web,app.kubernetes.io/instance="+labels,
		"--command", "--", "node", "-e", "setInterval(() => {}, 1e6)")
	kubectl(t, "-n", namespace, "wait", "pod/stranger", "--for=condition=Ready", "--timeout=120s")
	return place{namespace: namespace, pod: "stranger", probe: nodeProbe}
}

// testNetworkPolicies connects along every edge of the topology, and along edges that it does not have. A closed port is
// a timeout on most networks and a refusal on the lab's; that the port answers at all is shown from the pod itself, or
// for what is outside from a pod without policies.
func testNetworkPolicies(t *testing.T) {
	at := places(t)
	at["stranger"] = stranger(t)
	nodeIP := kubectl(t, "get", "nodes", "-o", `jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}`)

	for service, p := range at {
		if p.port == 0 {
			continue
		}
		if open, said := p.connect(t, p.ip, p.port); !open {
			t.Fatalf("%s does not answer its own pod at %s:%d (%s): the closed ports below would prove nothing", service, p.ip, p.port, said)
		}
	}
	for _, edge := range [][2]string{{"frontend-web", "backend"}, {"frontend-chatbot", "backend"}, {"backend", "database"}} {
		to := at[edge[1]]
		for _, host := range []string{edge[1], to.ip} { // by name: DNS gets through too
			if open, said := at[edge[0]].connect(t, host, to.port); !open {
				t.Errorf("%s cannot reach %s at %s:%d: %s", edge[0], edge[1], host, to.port, said)
			}
		}
	}
	for _, edge := range [][2]string{
		{"frontend-web", "database"}, {"frontend-chatbot", "database"}, {"frontend-web", "frontend-chatbot"}, {"frontend-chatbot", "frontend-web"},
		{"backend", "frontend-web"}, {"backend", "frontend-chatbot"}, {"database", "backend"}, {"database", "frontend-web"},
		{"stranger", "backend"}, {"stranger", "frontend-web"}, {"stranger", "frontend-chatbot"}, {"stranger", "database"},
	} {
		to := at[edge[1]]
		if open, _ := at[edge[0]].connect(t, to.ip, to.port); open {
			t.Errorf("%s reaches %s, and the topology has no such edge", edge[0], edge[1])
		}
	}
	if open, _ := at["stranger"].connect(t, "backend.todo-dev.svc", at["backend"].port); open {
		t.Error("another namespace reaches the backend through its Service")
	}

	const kubelet = 10250 // it answers on every node
	if open, said := at["stranger"].connect(t, nodeIP, kubelet); !open {
		t.Fatalf("a pod without policies does not reach the node at %s:%d (%s): the closed ports below would prove nothing", nodeIP, kubelet, said)
	}
	for _, service := range []string{"frontend-web", "frontend-chatbot", "database", "backend"} {
		if open, _ := at[service].connect(t, nodeIP, kubelet); open {
			t.Errorf("%s reaches the node's kubelet", service)
		}
	}
	testInternet(t, at)

	for _, port := range []string{"30000", "30001"} {
		eventually(t, 10*time.Second, "node port "+port+" answers", func() error {
			response, err := http.Get("http://" + nodeIP + ":" + port + "/api/healthz")
			if err != nil {
				return err
			}
			return response.Body.Close()
		})
	}
	run(t, "make", "smoke") // through the forward
}

// testInternet connects to the one host outside that every machine with Go can reach: where its modules come from.
func testInternet(t *testing.T, at map[string]place) {
	first, _, _ := strings.Cut(strings.TrimSpace(run(t, "go", "env", "GOPROXY")), ",")
	proxy, err := url.Parse(first)
	if err != nil || proxy.Hostname() == "" {
		t.Fatalf("GOPROXY starts with %q: it names no host to connect to", first)
	}
	open, said := at["stranger"].connect(t, proxy.Hostname(), 443)
	if !open {
		t.Fatalf("a pod without policies does not reach the internet (%s): the closed ports below would prove nothing", said)
	}
	address := strings.TrimPrefix(said, "open ")
	ip, err := netip.ParseAddr(address)
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range []string{"frontend-web", "frontend-chatbot", "database"} {
		if open, _ := at[service].connect(t, address, 443); open {
			t.Errorf("%s reaches the internet at %s", service, address)
		}
	}
	public := !ip.IsPrivate() && !ip.IsLinkLocalUnicast() && !netip.MustParsePrefix("100.64.0.0/10").Contains(ip)
	if open, said := at["backend"].connect(t, address, 443); open != public {
		t.Errorf("backend to %s: %s; want it to reach public addresses and no others", address, said)
	}
}
