package platform

import (
	"testing"

	"todo/internal/pulumitest"
)

const (
	deploymentType = "kubernetes:apps/v1:Deployment"
	serviceType    = "kubernetes:core/v1:Service"
	secretType     = "kubernetes:core/v1:Secret"
	configMapType  = "kubernetes:core/v1:ConfigMap"
	jobType        = "kubernetes:batch/v1:Job"
	cronJobType    = "kubernetes:batch/v1:CronJob"
	policyType     = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
	autoscalerType = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
	gatewayAPI     = "gateway.networking.k8s.io/v1"
	podPath        = "spec.template.spec."
	container      = podPath + "containers.0."
)

// expect compares one path of a resource's inputs, as JSON.
func expect(t *testing.T, res pulumitest.Resource, path, want, why string) {
	t.Helper()
	if got := res.JSON(path); got != want {
		t.Errorf("%s/%s %s is %s, want %s: %s", res.Type, res.Name, path, got, want, why)
	}
}
