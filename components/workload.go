package components

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/spec"
)

// Workload runs one stateless service: its ConfigMap, Secret, ServiceAccount, Deployment and Service. Without a Port it is a
// worker, which has no Service; with a Schedule it is a CronJob.
//
// Everything is named by Kubernetes except the Service, which other pods resolve by DNS.
type Workload struct {
	pulumi.ResourceState

	// Service is the name in the cluster's DNS; "" without a Port.
	Service pulumi.StringOutput `pulumi:"service"`
	// Image is the reference that the pods run.
	Image pulumi.StringOutput `pulumi:"image"`

	Selector   map[string]string  // labels of its pods
	Deployment *appsv1.Deployment // there when its pods are Ready; nil with a Schedule
}

// WorkloadArgs are a Workload's inputs.
type WorkloadArgs struct {
	Service   string // DNS label; also the name label
	Instance  string // the installation, for labels and selectors
	Namespace pulumi.StringInput
	Image     pulumi.StringInput
	Command   []string // nil is the image's own
	Args      []string // the same
	Port      int      // what the container listens on, and the Service; 0 is a worker
	Schedule  string   // a cron expression, in UTC: a CronJob whose runs do not overlap; "" is a Deployment
	// MetricsPort is named "metrics" on the pod, and on no Service; 0 is none.
	MetricsPort int
	Probes      spec.Probes
	Resources   spec.Resources
	Pods        spec.Pods

	Replicas    int               // pods; not looked at when Autoscaling is there
	Autoscaling *spec.Autoscaling // nil keeps Replicas
	Zones       bool              // the pods spread over zones as well as over nodes

	EnvironmentArgs
	Writable map[string]string // quantity by folder that the container may write to besides /tmp; nil is none
	Files    map[string]string // text by path; nil is none
	Account  ServiceAccount

	// RolloutTimeoutSeconds is how long a whole rollout may take before the update fails; 0 is 900.
	RolloutTimeoutSeconds int
	After                 []pulumi.Resource    // the pods change only when these are there, resources and no components; nil is none
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
	keptRuns              = 3 // of a CronJob, of each outcome
	scheduleRetries       = 1
	rolloutTimeoutSeconds = 900
)

// Validate reports everything that is wrong with the args.
func (a WorkloadArgs) Validate() error {
	var errs []error
	if a.Service == "" {
		errs = append(errs, errors.New("Service is empty; it must be a DNS label"))
	}
	if a.Instance == "" {
		errs = append(errs, errors.New("Instance is empty; selectors need it"))
	}
	if a.Port < 0 || a.Port > 65535 {
		errs = append(errs, fmt.Errorf("Port is %d; allowed: 0 to 65535", a.Port))
	}
	if a.Schedule != "" && (a.Port != 0 || a.Autoscaling != nil) {
		errs = append(errs, errors.New("Schedule is set; such a workload has neither Port nor Autoscaling"))
	}
	if a.Account.Existing && a.Account.Name == "" {
		errs = append(errs, errors.New("Account is Existing and has no Name"))
	}
	if a.MetricsPort < 0 || a.MetricsPort > 65535 || (a.MetricsPort != 0 && a.MetricsPort == a.Port) {
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

// NewWorkload creates `<name>-config`, `<name>-secrets`, `<name>-files`, `<name>-serviceaccount`, `<name>-deployment`,
// `<name>-service`, `<name>-autoscaler` and `<name>-disruptionbudget`: the first three when there is something to hold, the
// Service with a Port, the autoscaler when it is asked for, and the budget when there are always two pods or more. With a
// Schedule there is a `<name>-cronjob` instead of the last four.
func NewWorkload(ctx *pulumi.Context, name string, args WorkloadArgs, opts ...pulumi.ResourceOption) (*Workload, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	w := &Workload{Selector: Selector(args.Service, args.Instance)}
	if err := ctx.RegisterComponentResource(componentType("Workload"), name, w, opts...); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	child := withParent(w)

	env, err := newEnvironment(ctx, name, args.Service, args.Instance, args.Namespace, args.EnvironmentArgs, child)
	if err != nil {
		return nil, err
	}
	held, err := newFiles(ctx, name, AppConfigArgs{Service: args.Service, Instance: args.Instance, Namespace: args.Namespace}, args.Files, child)
	if err != nil {
		return nil, err
	}
	accountMeta := args.meta()
	accountMeta.Annotations = pulumi.ToStringMap(args.Pods.ServiceAccountAnnotations)
	account, err := newAccount(ctx, name+"-serviceaccount", args.Account, accountMeta, args.PullSecrets, child)
	if err != nil {
		return nil, err
	}
	p := args.pod(account, env, held)
	w.Service = pulumi.String("").ToStringOutput()
	if args.Schedule != "" {
		w.Image, err = args.newCronJob(ctx, name+"-cronjob", p, child)
	} else {
		err = w.serve(ctx, name, args, p, child)
	}
	if err != nil {
		return nil, err
	}
	return w, ctx.RegisterResourceOutputs(w, pulumi.Map{"service": w.Service, "image": w.Image})
}

// serve creates the Deployment and what belongs to it.
func (w *Workload) serve(ctx *pulumi.Context, name string, args WorkloadArgs, p pod, child []pulumi.ResourceOption) (err error) {
	if w.Deployment, err = args.newDeployment(ctx, name+"-deployment", w.Selector, p, child); err != nil {
		return err
	}
	w.Image = w.Deployment.Spec.Template().Spec().Containers().Index(pulumi.Int(0)).Image().Elem()
	if err := args.newScaling(ctx, name, w.Selector, w.Deployment, child); err != nil || args.Port == 0 {
		return err
	}
	w.Service, err = args.newService(ctx, name+"-service", w.Selector, child)
	return err
}

func (a WorkloadArgs) meta() *metav1.ObjectMetaArgs {
	return meta(a.Namespace, a.Service, a.Instance)
}

func (a WorkloadArgs) newDeployment(ctx *pulumi.Context, name string, selector map[string]string, p pod, child []pulumi.ResourceOption) (*appsv1.Deployment, error) {
	p.spread = spread(selector, a.Zones)
	deployment, err := appsv1.NewDeployment(ctx, name, &appsv1.DeploymentArgs{
		Metadata: a.meta(),
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas:                a.replicas(),
			RevisionHistoryLimit:    pulumi.Int(revisionHistory),
			ProgressDeadlineSeconds: pulumi.Int(a.rolloutTimeout()),
			Selector:                &metav1.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(selector)},
			Strategy: &appsv1.DeploymentStrategyArgs{
				Type: pulumi.String("RollingUpdate"),
				RollingUpdate: &appsv1.RollingUpdateDeploymentArgs{
					MaxUnavailable: pulumi.Int(0), // capacity never drops during a rollout; one extra pod pays for it
					MaxSurge:       pulumi.Int(1),
				},
			},
			Template: p.template(),
		},
	}, append(slices.Clone(child), pulumi.DependsOn(a.After), rolloutPatience(a.rolloutTimeout()))...)
	if err != nil {
		return nil, fmt.Errorf("%s: creating Deployment: %w", name, err)
	}
	return deployment, nil
}

// newCronJob returns the image that its pods run. A run that fails is tried once more, and the last three of each outcome
// are kept for their logs.
func (a WorkloadArgs) newCronJob(ctx *pulumi.Context, name string, p pod, child []pulumi.ResourceOption) (pulumi.StringOutput, error) {
	p.restart = "Never" // each try keeps a pod, and with it a log, of its own
	job, err := batchv1.NewCronJob(ctx, name, &batchv1.CronJobArgs{
		Metadata: a.meta(),
		Spec: &batchv1.CronJobSpecArgs{
			Schedule:                   pulumi.String(a.Schedule),
			TimeZone:                   pulumi.String("Etc/UTC"),
			ConcurrencyPolicy:          pulumi.String("Forbid"),
			Suspend:                    pulumi.Bool(a.Replicas == 0),
			SuccessfulJobsHistoryLimit: pulumi.Int(keptRuns),
			FailedJobsHistoryLimit:     pulumi.Int(keptRuns),
			JobTemplate: &batchv1.JobTemplateSpecArgs{Spec: &batchv1.JobSpecArgs{
				BackoffLimit: pulumi.Int(scheduleRetries), Template: p.template(),
			}},
		},
	}, append(slices.Clone(child), pulumi.DependsOn(a.After))...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("%s: creating CronJob: %w", name, err)
	}
	return job.Spec.JobTemplate().Spec().Template().Spec().Containers().Index(pulumi.Int(0)).Image().Elem(), nil
}

// newService returns its name, which is fixed: the other services' configuration and NetworkPolicies know it.
func (a WorkloadArgs) newService(ctx *pulumi.Context, name string, selector map[string]string, child []pulumi.ResourceOption) (pulumi.StringOutput, error) {
	meta := a.meta()
	meta.Name = pulumi.String(a.Service)
	service, err := corev1.NewService(ctx, name, &corev1.ServiceArgs{
		Metadata: meta,
		Spec: &corev1.ServiceSpecArgs{
			Type:     pulumi.String("ClusterIP"),
			Selector: pulumi.ToStringMap(selector),
			Ports: corev1.ServicePortArray{corev1.ServicePortArgs{
				Name: pulumi.String(portName), Port: pulumi.Int(a.Port), TargetPort: pulumi.String(portName),
			}},
		},
	}, child...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("%s: creating Service: %w", name, err)
	}
	return service.Metadata.Name().Elem(), nil
}
