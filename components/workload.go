package components

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/spec"
)

// Workload runs one stateless HTTP service: its ConfigMap, Secret, ServiceAccount, Deployment and Service.
//
// Everything is named by Kubernetes except the Service, which other pods resolve by DNS.
type Workload struct {
	pulumi.ResourceState

	// Service is the name in the cluster's DNS.
	Service pulumi.StringOutput `pulumi:"service"`
	// Image is the reference that the pods run.
	Image pulumi.StringOutput `pulumi:"image"`

	selector map[string]string
}

// WorkloadArgs are a Workload's inputs.
type WorkloadArgs struct {
	Service   string // DNS label; also the name label
	Instance  string // the installation, for labels and selectors
	Namespace pulumi.StringInput
	Image     pulumi.StringInput
	Port      int // what the container listens on, and the Service
	// MetricsPort is named "metrics" on the pod, and on no Service; 0 is none.
	MetricsPort int
	Probes      spec.Probes
	Resources   spec.Resources
	Pods        spec.Pods

	Replicas    int               // pods; not looked at when Autoscaling is there
	Autoscaling *spec.Autoscaling // nil keeps Replicas
	Zones       bool              // the pods spread over zones as well as over nodes

	Config  map[string]string             // plain environment; nil is none
	Secrets map[string]pulumi.StringInput // secret environment; nil is none
	Caches  []string                      // folders besides /tmp that the framework writes to

	// RolloutTimeoutSeconds is how long a whole rollout may take before the update fails; 0 is 900.
	RolloutTimeoutSeconds int
	After                 []pulumi.Resource    // the pods change only when these are there, resources and no components; nil is none
	External              *External            // secret environment from a store, instead of Secrets; nil is none
	PullSecrets           []pulumi.StringInput // names of the Secrets that the image is pulled with; nil is none
}

const (
	portName = "http"

	// A pod leaves the endpoints and gets SIGTERM at the same moment, but proxies learn of it later: it keeps serving
	// meanwhile. The grace period includes this sleep. Five seconds were measured to be too few where all services roll at once
	// on two cores: 12 of 10,803 requests met a server that had closed.
	preStopSeconds = 10

	startupPeriodSeconds = 2

	longestLivenessPeriodSeconds = 10
	// How late an answer may come to the startup and readiness probes.
	probeTimeoutSeconds = 5
	// What the kubelet has just found not to answer has nothing to drain: without this it would sleep as before a planned end,
	// and then wait for the whole grace period.
	livenessGraceSeconds = 1

	revisionHistory       = 5
	rolloutTimeoutSeconds = 900
)

func (a WorkloadArgs) validate() error {
	var errs []error
	if a.Service == "" {
		errs = append(errs, errors.New("Service is empty; it must be a DNS label"))
	}
	if a.Instance == "" {
		errs = append(errs, errors.New("Instance is empty; selectors need it"))
	}
	if a.Port < 1 || a.Port > 65535 {
		errs = append(errs, fmt.Errorf("Port is %d; allowed: 1 to 65535", a.Port))
	}
	if a.MetricsPort < 0 || a.MetricsPort > 65535 || a.MetricsPort == a.Port {
		errs = append(errs, fmt.Errorf("MetricsPort is %d; allowed: 0 to 65535, and not Port", a.MetricsPort))
	}
	if a.Replicas < 0 {
		errs = append(errs, fmt.Errorf("Replicas is %d; allowed: 0 and more", a.Replicas))
	}
	if s := a.Autoscaling; s != nil && (s.MinReplicas < 1 || s.MaxReplicas < s.MinReplicas || s.CPUPercent+s.MemoryPercent <= 0) {
		errs = append(errs, fmt.Errorf("Autoscaling is %+v; it needs 1 to MaxReplicas pods, and CPUPercent or MemoryPercent", *s))
	}
	if a.Image == nil || a.Namespace == nil {
		errs = append(errs, errors.New("Image and Namespace are required"))
	}
	return errors.Join(errs...)
}

func (a WorkloadArgs) rolloutTimeout() int {
	return cmp.Or(a.RolloutTimeoutSeconds, rolloutTimeoutSeconds)
}

// rolloutPatience is how long Pulumi waits. The provider goes on waiting when Kubernetes' own deadline has passed, so this is
// what bounds an update; the margin lets that deadline come first and be seen.
func rolloutPatience(timeoutSeconds int) pulumi.ResourceOption {
	patience := (time.Duration(timeoutSeconds)*time.Second + 5*time.Second).String()
	return pulumi.Timeouts(&pulumi.CustomTimeouts{Create: patience, Update: patience})
}

// NewWorkload creates `<name>-config`, `<name>-secrets`, `<name>-serviceaccount`, `<name>-deployment`, `<name>-service`,
// `<name>-autoscaler` and `<name>-disruptionbudget`: the first two when there is something to hold, the last but one when
// it is asked for, and the last when there are always two pods or more.
func NewWorkload(ctx *pulumi.Context, name string, args WorkloadArgs, opts ...pulumi.ResourceOption) (*Workload, error) {
	if err := args.validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	w := &Workload{selector: selectorLabels(args.Service, args.Instance)}
	if err := ctx.RegisterComponentResource(componentType("Workload"), name, w, opts...); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	child := withParent(w)

	env, envFrom, err := newEnvironment(ctx, name, environment{
		service: args.Service, instance: args.Instance, namespace: args.Namespace, config: args.Config, secrets: args.Secrets, external: args.External,
	}, child)
	if err != nil {
		return nil, err
	}
	meta := func() *metav1.ObjectMetaArgs {
		return &metav1.ObjectMetaArgs{Namespace: args.Namespace, Labels: pulumi.ToStringMap(labels(args.Service, args.Instance))}
	}
	accountMeta := meta()
	accountMeta.Annotations = pulumi.ToStringMap(args.Pods.ServiceAccountAnnotations)
	account, err := corev1.NewServiceAccount(ctx, name+"-serviceaccount", &corev1.ServiceAccountArgs{
		Metadata:                     accountMeta,
		AutomountServiceAccountToken: pulumi.Bool(false), // nothing here talks to the API server
		ImagePullSecrets:             references(args.PullSecrets),
	}, child...)
	if err != nil {
		return nil, fmt.Errorf("%s: creating ServiceAccount: %w", name, err)
	}
	deployment, err := appsv1.NewDeployment(ctx, name+"-deployment", &appsv1.DeploymentArgs{
		Metadata: meta(),
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas:                args.replicas(),
			RevisionHistoryLimit:    pulumi.Int(revisionHistory),
			ProgressDeadlineSeconds: pulumi.Int(args.rolloutTimeout()),
			Selector:                &metav1.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(w.selector)},
			Strategy: &appsv1.DeploymentStrategyArgs{
				Type: pulumi.String("RollingUpdate"),
				RollingUpdate: &appsv1.RollingUpdateDeploymentArgs{
					MaxUnavailable: pulumi.Int(0), // capacity never drops during a rollout; one extra pod pays for it
					MaxSurge:       pulumi.Int(1),
				},
			},
			Template: args.podTemplate(w.selector, account.Metadata.Name().Elem(), env, envFrom),
		},
	}, append(slices.Clone(child), pulumi.DependsOn(args.After), rolloutPatience(args.rolloutTimeout()))...)
	if err != nil {
		return nil, fmt.Errorf("%s: creating Deployment: %w", name, err)
	}

	if err := args.newScaling(ctx, name, w.selector, deployment, child); err != nil {
		return nil, err
	}

	// The name is fixed: the other services' configuration and NetworkPolicies know it.
	serviceMeta := meta()
	serviceMeta.Name = pulumi.String(args.Service)
	service, err := corev1.NewService(ctx, name+"-service", &corev1.ServiceArgs{
		Metadata: serviceMeta,
		Spec: &corev1.ServiceSpecArgs{
			Type:     pulumi.String("ClusterIP"),
			Selector: pulumi.ToStringMap(w.selector),
			Ports: corev1.ServicePortArray{corev1.ServicePortArgs{
				Name: pulumi.String(portName), Port: pulumi.Int(args.Port), TargetPort: pulumi.String(portName),
			}},
		},
	}, child...)
	if err != nil {
		return nil, fmt.Errorf("%s: creating Service: %w", name, err)
	}

	w.Service = service.Metadata.Name().Elem()
	w.Image = deployment.Spec.Template().Spec().Containers().Index(pulumi.Int(0)).Image().Elem()
	return w, ctx.RegisterResourceOutputs(w, pulumi.Map{"service": w.Service, "image": w.Image})
}
