package components

import (
	"strings"
	"testing"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/internal/pulumitest"
)

func TestAssigned(t *testing.T) {
	entry := func(ip, host string) *corev1.ServiceStatus {
		return &corev1.ServiceStatus{LoadBalancer: &corev1.LoadBalancerStatus{Ingress: []corev1.LoadBalancerIngress{{Ip: &ip, Hostname: &host}}}}
	}
	for want, status := range map[string]*corev1.ServiceStatus{
		"203.0.113.7":            entry("203.0.113.7", ""),
		"lb.your-cloud.com":      entry("", "lb.your-cloud.com"),
		pending:                  nil,
		pending + " (no status)": {}, pending + " (no entry)": {LoadBalancer: &corev1.LoadBalancerStatus{}}, pending + " (empty)": entry("", ""),
	} {
		want, _, _ = strings.Cut(want, " ")
		if got := assigned(status); got != want {
			t.Errorf("the address is %q, want %q", got, want)
		}
	}
}

func TestExposureRefusals(t *testing.T) {
	route := []Route{{Host: "a.your-company.com", Service: "web", Port: 80}}
	for want, change := range map[string]func(*ExposureArgs){
		"Namespace and Instance":      func(a *ExposureArgs) { a.Instance = "" },
		"Ingress needs Routes":        func(a *ExposureArgs) { a.Ingress = &IngressArgs{TLSSecret: pulumi.String("tls")} },
		"LoadBalancers needs Routes":  func(a *ExposureArgs) { a.LoadBalancers = &LoadBalancerArgs{Port: 80} },
		"LoadBalancers: Port is 0":    func(a *ExposureArgs) { a.LoadBalancers = &LoadBalancerArgs{Routes: route} },
		"Gateway needs Routes":        func(a *ExposureArgs) { a.Gateway = &GatewayArgs{Parent: GatewayParent{Name: "shared"}} },
		"either Own or the name":      func(a *ExposureArgs) { a.Gateway = &GatewayArgs{Routes: route} },
		"the Parent's two listeners":  func(a *ExposureArgs) { a.Gateway = &GatewayArgs{Routes: route, Parent: GatewayParent{Name: "shared"}} },
		"needs Class and TLSSecret":   func(a *ExposureArgs) { a.Gateway = &GatewayArgs{Routes: route, Own: &OwnGatewayArgs{}} },
		"HTTPPort: Port is 0":         func(a *ExposureArgs) { a.Gateway = &GatewayArgs{Routes: route, Own: &OwnGatewayArgs{HTTPSPort: 443}} },
		"HTTPSPort: Port is 70000":    func(a *ExposureArgs) { a.Gateway = &GatewayArgs{Routes: route, Own: &OwnGatewayArgs{HTTPSPort: 70000}} },
		"Certificate needs Chain and": func(a *ExposureArgs) { a.Certificate = &CertificateArgs{} },
		"Gateway needs either Own or": func(a *ExposureArgs) {
			a.Gateway = &GatewayArgs{Own: &OwnGatewayArgs{}, Parent: GatewayParent{Name: "x"}}
		},
	} {
		args := ExposureArgs{Instance: "todo-test", Namespace: pulumi.String("todo")}
		change(&args)
		r, _, err := pulumitest.Run(t, pulumitest.Options{}, func(ctx *pulumi.Context) error {
			_, err := NewExposure(ctx, "exposure", args)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
		if n := len(r.All()); n > 0 {
			t.Errorf("%q: %d resources were registered before the refusal", want, n)
		}
	}
}
