package components

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/internal/pulumitest"
	"todo/spec"
)

const (
	deploymentType = "kubernetes:apps/v1:Deployment"
	serviceType    = "kubernetes:core/v1:Service"
	secretType     = "kubernetes:core/v1:Secret"
	imageType      = "docker:index/image:Image"
	configMapType  = "kubernetes:core/v1:ConfigMap"
	podPath        = "spec.template.spec."
	container      = podPath + "containers.0."
)

func workloadArgs() WorkloadArgs {
	return WorkloadArgs{
		Service: "web", Instance: "shop-dev", Namespace: pulumi.String("shop"), Image: pulumi.String("shop/web:1"),
		Port: 3000, Replicas: 2,
		Probes: spec.Probes{Liveness: "/alive", Readiness: "/ready", ReadinessPeriodSeconds: 7},
		Resources: spec.Resources{
			Requests: spec.Quantities{CPU: "1m", Memory: "2Mi", EphemeralStorage: "3Mi"},
			Limits:   spec.Quantities{CPU: "4m", Memory: "5Mi", EphemeralStorage: "6Mi"},
		},
		EnvironmentArgs: EnvironmentArgs{
			Config: map[string]string{"COLOUR": "red"}, Secrets: map[string]pulumi.StringInput{"TOKEN": pulumi.String("plain-token")},
		},
		Writable: map[string]string{"/app/cache": "128Mi"},
	}
}

func runWorkload(t *testing.T, args WorkloadArgs) (*pulumitest.Recorder, error) {
	t.Helper()
	r, _, err := pulumitest.Run(t, pulumitest.Options{}, func(ctx *pulumi.Context) error {
		_, err := NewWorkload(ctx, "web", args)
		return err
	})
	return r, err
}

// expect compares one path of a resource's inputs, as JSON.
func expect(t *testing.T, res pulumitest.Resource, path, want, why string) {
	t.Helper()
	if got := res.JSON(path); got != want {
		t.Errorf("%s/%s %s is %s, want %s: %s", res.Type, res.Name, path, got, want, why)
	}
}

func TestWorkloadFailsWithinItsTimeout(t *testing.T) {
	for seconds, want := range map[int]string{0: "900", 90: "90"} {
		args := workloadArgs()
		args.RolloutTimeoutSeconds = seconds
		r, err := runWorkload(t, args)
		if err != nil {
			t.Fatal(err)
		}
		d := r.Get(deploymentType, "web-deployment")
		expect(t, d, "spec.progressDeadlineSeconds", want, "a release that cannot become Ready has to end")
	}
}

func TestWorkloadPod(t *testing.T) {
	r, err := runWorkload(t, workloadArgs())
	if err != nil {
		t.Fatal(err)
	}
	d := r.Get(deploymentType, "web-deployment")
	for _, c := range []struct{ path, want, why string }{
		{"metadata.name", "null", "a fixed name cannot be replaced without downtime"},
		{"spec.replicas", "2", "as asked"},
		{"spec.strategy.rollingUpdate.maxUnavailable", "0", "a rollout must not cost capacity"},
		{"spec.strategy.rollingUpdate.maxSurge", "1", "a rollout needs room for one more"},
		{"spec.revisionHistoryLimit", "5", "old ReplicaSets pile up"},
		{"spec.progressDeadlineSeconds", "900", "a rollout that hangs has to fail"},
		{podPath + "automountServiceAccountToken", "false", "a stolen token is access to the API server"},
		{podPath + "enableServiceLinks", "false", "links pollute the environment"},
		{podPath + "serviceAccountName", `"web-serviceaccount-0a1b2c3d"`, "each service has an identity of its own"},
		{podPath + "terminationGracePeriodSeconds", "45", "it covers preStop and the server's drain"},
		{podPath + "securityContext.runAsNonRoot", "true", "restricted"},
		{podPath + "securityContext.runAsUser", "1000", "the kubelet checks numbers only"},
		{podPath + "securityContext.seccompProfile.type", `"RuntimeDefault"`, "restricted"},
		{container + "securityContext", `{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"readOnlyRootFilesystem":true}`, "restricted"},
		{container + "image", `"shop/web:1"`, "the reference that was given"},
		{container + "imagePullPolicy", `"IfNotPresent"`, "tags are contents"},
		{container + "ports.0.name", `"http"`, "probes and Service name the port"},
		{container + "ports.0.containerPort", "3000", "as asked"},
		{container + "lifecycle.preStop.sleep.seconds", "10", "endpoints need time to leave the proxies"},
		{container + "startupProbe.httpGet", `{"path":"/alive","port":"http"}`, "a slow start is no hang"},
		{container + "startupProbe.failureThreshold", "300", "ten minutes, every 2 s"},
		{container + "livenessProbe.httpGet", `{"path":"/alive","port":"http"}`, "as asked"},
		{container + "livenessProbe.periodSeconds", "4", "a hang is found within 16 s"},
		{container + "livenessProbe.timeoutSeconds", "4", "a process that gets little CPU answers late"},
		{container + "livenessProbe.failureThreshold", "3", "one slow answer is no hang"},
		{container + "livenessProbe.terminationGracePeriodSeconds", "1", "a process that hangs does not drain: its pod's whole grace period would be waited for"},
		{container + "readinessProbe.httpGet", `{"path":"/ready","port":"http"}`, "as asked"},
		{container + "readinessProbe.periodSeconds", "7", "as asked"},
		{container + "resources.requests", `{"cpu":"1m","ephemeral-storage":"3Mi","memory":"2Mi"}`, "as asked"},
		{container + "resources.limits", `{"cpu":"4m","ephemeral-storage":"6Mi","memory":"5Mi"}`, "as asked"},
		{container + "volumeMounts", `[{"mountPath":"/tmp","name":"tmp"},{"mountPath":"/app/cache","name":"cache-0"}]`, "the root is read-only"},
		{podPath + "topologySpreadConstraints.0.whenUnsatisfiable", `"ScheduleAnyway"`, "one node must be able to run all"},
	} {
		expect(t, d, c.path, c.want, c.why)
	}
	expect(t, r.Get("kubernetes:core/v1:ServiceAccount", "web-serviceaccount"), "automountServiceAccountToken", "false", "no pod talks to the API server")
}

func TestServiceFindsItsPods(t *testing.T) {
	r, err := runWorkload(t, workloadArgs())
	if err != nil {
		t.Fatal(err)
	}
	d, s := r.Get(deploymentType, "web-deployment"), r.Get(serviceType, "web-service")
	selector := d.At("spec.selector.matchLabels").ObjectValue()
	podLabels := d.At("spec.template.metadata.labels").ObjectValue()
	for key, value := range selector {
		if podLabels[key].V != value.V {
			t.Errorf("the Deployment selects %s=%v, its pods have %v", key, value.V, podLabels[key].V)
		}
	}
	expect(t, s, "spec.selector", d.JSON("spec.selector.matchLabels"), "otherwise the Service sends nobody anywhere")
	expect(t, s, "metadata.name", `"web"`, "other services resolve it by DNS")
	expect(t, s, "spec.type", `"ClusterIP"`, "exposure is another component's business")
	expect(t, s, "spec.ports", `[{"name":"http","port":3000,"targetPort":"http"}]`, "the port is named")
}

func TestEnvironmentIsReferredTo(t *testing.T) {
	r, err := runWorkload(t, workloadArgs())
	if err != nil {
		t.Fatal(err)
	}
	d := r.Get(deploymentType, "web-deployment")
	secret, plain := r.Get(secretType, "web-secrets-secret"), r.Get(configMapType, "web-config-configmap")

	expect(t, d, container+"env", `[{"name":"TOKEN","valueFrom":{"secretKeyRef":{"key":"TOKEN","name":"web-secrets-secret-0a1b2c3d"}}}]`, "a value would be in the pod template")
	expect(t, d, container+"envFrom", `[{"configMapRef":{"name":"web-config-configmap-0a1b2c3d"}}]`, "a new name rolls the pods")
	if !secret.Secret("stringData.TOKEN") {
		t.Error("TOKEN, given as a plain string, is not marked secret: it would be in the state in clear")
	}
	for _, res := range []pulumitest.Resource{secret, plain} {
		expect(t, res, "immutable", "true", "a change has to make a new object")
		expect(t, res, "metadata.name", "null", "a change has to make a new name")
	}
}

func TestWorkloadWithoutEnvironment(t *testing.T) {
	args := workloadArgs()
	args.Config, args.Secrets = nil, nil
	r, err := runWorkload(t, args)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(r.OfType(secretType)) + len(r.OfType(configMapType)); n != 0 {
		t.Errorf("%d empty objects were created, want none", n)
	}
}

func TestWorkloadRefusals(t *testing.T) {
	for want, change := range map[string]func(*WorkloadArgs){
		"Service is empty":  func(a *WorkloadArgs) { a.Service = "" },
		"Instance is empty": func(a *WorkloadArgs) { a.Instance = "" },
		"Port is 70000":     func(a *WorkloadArgs) { a.Port = 70000 },
		"Replicas is -1":    func(a *WorkloadArgs) { a.Replicas = -1 },
		"Image and":         func(a *WorkloadArgs) { a.Image = nil },
	} {
		args := workloadArgs()
		change(&args)
		r, err := runWorkload(t, args)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "web: ") {
			t.Errorf("want an error of web that says %q, got %v", want, err)
		}
		if n := len(r.All()); n > 0 {
			t.Errorf("%q: %d resources were registered, want none", want, n)
		}
	}
}

func TestTwoWorkloadsInOneProgram(t *testing.T) {
	_, _, err := pulumitest.Run(t, pulumitest.Options{}, func(ctx *pulumi.Context) error {
		if _, err := NewWorkload(ctx, "web", workloadArgs()); err != nil {
			return err
		}
		_, err := NewWorkload(ctx, "shop", workloadArgs())
		return err
	})
	if err != nil {
		t.Errorf("a component used twice collides with itself: %v", err)
	}
}
