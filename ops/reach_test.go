package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAMissingContextNamesNoOtherCluster(t *testing.T) {
	bin := bareMachine(t)
	t.Setenv("STACK", "dev")
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	check := func(context string) string {
		t.Helper()
		err := ops.checkContext(t.Context(), Cluster{Context: context})
		if err == nil {
			t.Fatalf("context %s was found", context)
		}
		return err.Error()
	}
	if got := check("work"); !strings.Contains(got, "it has no context at all") {
		t.Errorf("without a kubeconfig: %s", got)
	}
	writeKubeconfig(t, filepath.Join(os.Getenv("HOME"), ".kube", "config"), "payments-production https://k8s.your-company.com")
	got := check("dev")
	for _, want := range []string{`kubeContext: "dev" is not in `, "known: payments-production",
		`add "todo:kubeContext: <context>"`} {
		if !strings.Contains(got, want) {
			t.Errorf("the error does not say %q: %s", want, got)
		}
	}
	if strings.Contains(got, "kubeContext payments-production") || strings.Contains(got, "\n") {
		t.Errorf("the error is one line and proposes no cluster of the kubeconfig: %s", got)
	}
	install(t, bin, "minikube", "exit 7")
	if got := check("work"); !strings.Contains(got, "Minikube (profile work) is stopped: make up starts it") {
		t.Errorf("a stopped Minikube: %s", got)
	}
	if err := ops.checkContext(t.Context(), Cluster{Context: "payments-production"}); err != nil {
		t.Errorf("a known context is refused: %v", err)
	}
}

func TestAnUnreachableClusterSaysWhatToCheck(t *testing.T) {
	o := &Ops{Root: "/checkout"}
	for _, test := range []struct {
		cluster Cluster
		want    string
	}{
		{Cluster{Kind: "kubeconfig", Context: "eks", Kubeconfig: "eks"},
			"cluster eks does not answer: timeout; check the VPN and your login, then try: " +
				"kubectl --context eks --kubeconfig /checkout/eks cluster-info"},
		{Cluster{Kind: "docker-desktop", Context: "docker-desktop", Local: true},
			"cluster docker-desktop does not answer: timeout; " +
				"start Docker Desktop and enable Kubernetes in its settings, " +
				"then try: kubectl --context docker-desktop cluster-info"},
	} {
		if got := o.unreachable(test.cluster, errors.New("timeout")); got.Error() != test.want {
			t.Errorf("%s\nwant\n%s", got, test.want)
		}
	}
}
