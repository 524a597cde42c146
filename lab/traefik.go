//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"todo/internal/step"
)

const (
	traefikName    = "traefik"
	traefikVersion = "v3.5.0"
	traefikFolder  = "tools/traefik"
	traefikModule  = "github.com/traefik/traefik/v3"
	traefikUser    = "todo-lab:traefik"

	gatewayAPIModule = "sigs.k8s.io/gateway-api"
)

// traefikPorts are the node's ports that Traefik listens on. An Ingress is served on the first two, and the plain one sends
// everything to https, as a Traefik that is set up for it does. A Gateway's listeners name their ports, and its routes
// redirect themselves, so those are others.
var traefikPorts = struct{ web, webTLS, gateway, gatewayTLS, ping int }{9480, 9443, 9481, 9444, 9482}

// traefik is the controller as a process of the node.
func (u setup) traefik() Component {
	entry := func(name string, port int) string {
		return fmt.Sprintf("--entrypoints.%s.address=%s:%d", name, u.NodeIP, port)
	}
	return Component{Name: traefikName, After: []string{"kube-apiserver", "kube-proxy"}, Grace: 5 * time.Second,
		Command: []string{"env", "KUBECONFIG=" + kubeconfig(traefikName), filepath.Join(u.bins[traefikName], "traefik"),
			entry("web", traefikPorts.web), "--entrypoints.web.asdefault=true",
			"--entrypoints.web.http.redirections.entrypoint.to=:443", "--entrypoints.web.http.redirections.entrypoint.scheme=https",
			entry("websecure", traefikPorts.webTLS), "--entrypoints.websecure.asdefault=true",
			entry("gateway", traefikPorts.gateway), entry("gatewaysecure", traefikPorts.gatewayTLS),
			fmt.Sprintf("--entrypoints.traefik.address=127.0.0.1:%d", traefikPorts.ping), "--ping=true",
			"--providers.kubernetesingress=true", "--providers.kubernetesingress.ingressendpoint.ip=" + u.NodeIP,
			"--providers.kubernetesgateway=true", "--providers.kubernetesgateway.statusaddress.ip=" + u.NodeIP,
			"--global.checknewversion=false", "--global.sendanonymoususage=false"},
		Health: get(fmt.Sprintf("http://127.0.0.1:%d/ping", traefikPorts.ping))}
}

// optional are the components that run because somebody asked for them.
func (u setup) optional() []Component {
	if _, ok, err := readRecord(traefikName); err != nil || !ok {
		return nil
	}
	if !isDir(u.bins[traefikName]) {
		return nil // another checkout's, of another version: it is that one's to restart
	}
	return []Component{u.traefik()}
}

// changeTraefik is what both verbs begin with. The lab is theirs alone until unlock.
func changeTraefik(ctx context.Context) (u setup, printer *step.Printer, unlock func(), err error) {
	if os.Geteuid() != 0 {
		return u, nil, nil, errRoot
	}
	if unlock, err = lock(); err != nil {
		return u, nil, nil, err
	}
	if u, err = currentSetup(ctx); err == nil {
		printer, err = newPrinter()
	}
	if err != nil {
		unlock()
		return u, nil, nil, err
	}
	return u, printer, unlock, nil
}

// traefikUp builds Traefik unless it is built, adds what it needs to the cluster, and starts it.
func traefikUp(ctx context.Context) error {
	u, printer, unlock, err := changeTraefik(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	tool, err := findTool(traefikName)
	if err != nil {
		return err
	}
	if err := printer.Run(tool.title(), func(s *step.Step) error {
		_, err := Build(ctx, s, tool)
		return err
	}); err != nil {
		return err
	}
	if err := printer.Run("Apply the Gateway API and Traefik's classes", func(s *step.Step) error { return u.applyTraefik(ctx, s) }); err != nil {
		return err
	}
	if err := printer.Run("Start "+traefikName, func(s *step.Step) error { return u.ensure(ctx, s, u.traefik()) }); err != nil {
		return err
	}
	fmt.Printf("Class traefik is served on %s: Ingress http %d, https %d; Gateway http %d, https %d (the listeners' ports)\n",
		u.NodeIP, traefikPorts.web, traefikPorts.webTLS, traefikPorts.gateway, traefikPorts.gatewayTLS)
	return nil
}

// traefikDown takes everything back but the build.
func traefikDown(ctx context.Context) error {
	u, printer, unlock, err := changeTraefik(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := printer.Run("Stop "+traefikName, func(*step.Step) error {
		r, ok, err := readRecord(traefikName)
		if err != nil || !ok {
			return errors.Join(err, step.ErrDone)
		}
		return r.stop(ctx, u.traefik().Grace)
	}); err != nil {
		return err
	}
	return printer.Run("Remove the Gateway API and Traefik's classes", func(s *step.Step) error {
		crds, err := gatewayCRDs(ctx)
		if err != nil {
			return err
		}
		// The classes before their definitions: these take all Gateways and routes with them.
		for _, args := range [][]string{{"delete", "--ignore-not-found", "-f", "-"}, {"delete", "--ignore-not-found", "-f", crds}} {
			out, err := u.kubectl(ctx, traefikObjects, args...)
			fmt.Fprint(s, out)
			if err != nil && !strings.Contains(err.Error(), "no matches for kind") { // the definitions are gone already
				return err
			}
		}
		return nil
	})
}

// applyTraefik adds the Gateway API's definitions, the classes, and what Traefik may read.
func (u setup) applyTraefik(ctx context.Context, s *step.Step) error {
	if _, err := ensureCerts(u.Network); err != nil { // a lab of before Traefik has no key for it
		return err
	}
	crds, err := gatewayCRDs(ctx)
	if err != nil {
		return err
	}
	for _, args := range [][]string{
		{"apply", "--server-side", "-f", crds},
		{"wait", "--for=condition=Established", "--timeout=300s", "-f", crds},
		{"apply", "-f", "-"},
	} {
		out, err := u.kubectl(ctx, traefikObjects, args...)
		fmt.Fprint(s, out)
		if err != nil {
			return err
		}
	}
	return nil
}

// gatewayCRDs is the folder of the Gateway API's stable definitions, in its own module.
func gatewayCRDs(ctx context.Context) (string, error) {
	lab, err := labDir()
	if err != nil {
		return "", err
	}
	module, err := moduleDir(ctx, filepath.Join(lab, traefikFolder), gatewayAPIModule)
	if err != nil {
		return "", err
	}
	return filepath.Join(module, "config", "crd", "standard"), nil
}

// traefikObjects are the classes, and the rights that Traefik's documentation asks for.
const traefikObjects = `apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: traefik}
spec: {controller: traefik.io/ingress-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: traefik}
spec: {controllerName: traefik.io/gateway-controller}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: todo-lab-traefik}
rules:
- {apiGroups: [""], resources: [services, secrets, configmaps, namespaces, nodes], verbs: [get, list, watch]}
- {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [list, watch]}
- {apiGroups: [networking.k8s.io], resources: [ingresses, ingressclasses], verbs: [get, list, watch]}
- {apiGroups: [networking.k8s.io], resources: [ingresses/status], verbs: [update]}
- apiGroups: [gateway.networking.k8s.io]
  resources: [gatewayclasses, gateways, httproutes, grpcroutes, referencegrants]
  verbs: [get, list, watch]
- apiGroups: [gateway.networking.k8s.io]
  resources: [gatewayclasses/status, gateways/status, httproutes/status, grpcroutes/status]
  verbs: [update]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: todo-lab-traefik}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: todo-lab-traefik}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: "` + traefikUser + `"}]
`

// prepareTraefik puts a copy of Traefik's module into the folder, with a page where its web UI would be: Traefik embeds
// the UI's build, which is not in the module.
func prepareTraefik(ctx context.Context, _ *step.Step, folder string) error {
	module, err := moduleDir(ctx, folder, traefikModule)
	if err != nil {
		return err
	}
	local := filepath.Join(folder, "module")
	if err := os.CopyFS(local, os.DirFS(module)); err != nil {
		return fmt.Errorf("copying %s: %w", traefikModule, err)
	}
	static := filepath.Join(local, "webui", "static")
	if err := os.MkdirAll(static, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(static, "index.html"), []byte("<p>This Traefik was built without its dashboard.</p>\n"), 0o644); err != nil {
		return err
	}
	_, err = goIn(ctx, folder, "mod", "edit", "-replace", traefikModule+"=./module")
	return err
}
