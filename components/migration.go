package components

import (
	"errors"
	"fmt"
	"slices"
	"time"

	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/config"
	"todo/spec"
)

// Migration runs a command to its end, as a Job: once for each image, command and environment. Whatever comes After it
// in a Workload waits until the Job is complete, and does not happen when the Job fails.
//
// The finished Job stays until the next one takes its place: its log says what was done to the schema. A TTL would remove
// it behind Pulumi's back, and the next refresh would run it again. Somebody else's removing it changes nothing either
// until that refresh.
type Migration struct {
	pulumi.ResourceState

	// Job is the Job's name.
	Job pulumi.StringOutput `pulumi:"job"`

	selector map[string]string
	job      *batchv1.Job
}

// MigrationArgs are a Migration's inputs.
type MigrationArgs struct {
	Instance       string // the installation, for labels
	Namespace      pulumi.StringInput
	Image          pulumi.StringInput
	Command        []string
	TimeoutSeconds int // all tries together
	Resources      spec.Resources
	Pods           spec.Pods // of the service whose image it is; GraceSeconds is not looked at

	Config  map[string]string             // plain environment; nil is none
	Secrets map[string]pulumi.StringInput // secret environment; nil is none

	External    *External            // secret environment from a store, instead of Secrets; nil is none
	PullSecrets []pulumi.StringInput // names of the Secrets that the image is pulled with; nil is none

	After []pulumi.Resource // the Job starts when these are there; nil is none, and a component is too little: see done
}

const (
	// migrationService is the name label of the Job's pod. It is not the backend's: that would make the pod an endpoint of
	// the backend's Service, and count it among the pods that an autoscaler measures.
	migrationService = "migration"

	// One more try for a command that gives up while its database is still waking up. The reference application's waits
	// for a minute by itself.
	migrationRetries = 1
	// The Job's own deadline must come first: its failure has a reason, Pulumi's timeout has none.
	migrationPatience = time.Minute
)

func (a MigrationArgs) validate() error {
	var errs []error
	if a.Instance == "" {
		errs = append(errs, errors.New("Instance is empty; labels need it"))
	}
	if len(a.Command) == 0 {
		errs = append(errs, errors.New("Command is empty; leave the Migration out instead"))
	}
	if a.TimeoutSeconds < 1 {
		errs = append(errs, fmt.Errorf("TimeoutSeconds is %d; a Job without a deadline can hang for ever", a.TimeoutSeconds))
	}
	if a.Image == nil || a.Namespace == nil {
		errs = append(errs, errors.New("Image and Namespace are required"))
	}
	return errors.Join(errs...)
}

// NewMigration creates `<name>-config`, `<name>-secrets`, `<name>-serviceaccount` and `<name>-job`; the first two only
// when there is something to hold.
func NewMigration(ctx *pulumi.Context, name string, args MigrationArgs, opts ...pulumi.ResourceOption) (*Migration, error) {
	if err := args.validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	m := &Migration{selector: selectorLabels(migrationService, args.Instance)}
	if err := ctx.RegisterComponentResource(componentType("Migration"), name, m, opts...); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	child := withParent(m)

	env, envFrom, err := newEnvironment(ctx, name, environment{
		service: migrationService, instance: args.Instance, namespace: args.Namespace, config: args.Config, secrets: args.Secrets, external: args.External,
	}, child)
	if err != nil {
		return nil, err
	}
	meta := func() *metav1.ObjectMetaArgs {
		return &metav1.ObjectMetaArgs{Namespace: args.Namespace, Labels: pulumi.ToStringMap(labels(migrationService, args.Instance))}
	}
	accountMeta := meta()
	accountMeta.Annotations = pulumi.ToStringMap(args.Pods.ServiceAccountAnnotations)
	account, err := corev1.NewServiceAccount(ctx, name+"-serviceaccount", &corev1.ServiceAccountArgs{
		Metadata: accountMeta, AutomountServiceAccountToken: pulumi.Bool(false), ImagePullSecrets: references(args.PullSecrets),
	}, child...)
	if err != nil {
		return nil, fmt.Errorf("%s: creating ServiceAccount: %w", name, err)
	}
	jobMeta := meta()
	// Without it the next update would wait once more for the Job that has failed (pulumi/pulumi-kubernetes#1567).
	jobMeta.Annotations = pulumi.StringMap{"pulumi.com/replaceUnready": pulumi.String("true")}
	patience := (time.Duration(args.TimeoutSeconds)*time.Second + migrationPatience).String()
	job, err := batchv1.NewJob(ctx, name+"-job", &batchv1.JobArgs{
		Metadata: jobMeta,
		Spec: &batchv1.JobSpecArgs{
			BackoffLimit:          pulumi.Int(migrationRetries),
			ActiveDeadlineSeconds: pulumi.Int(args.TimeoutSeconds),
			// A drained or lost node is nobody's failure and costs no try.
			PodFailurePolicy: &batchv1.PodFailurePolicyArgs{Rules: batchv1.PodFailurePolicyRuleArray{batchv1.PodFailurePolicyRuleArgs{
				Action: pulumi.String("Ignore"),
				OnPodConditions: batchv1.PodFailurePolicyOnPodConditionsPatternArray{batchv1.PodFailurePolicyOnPodConditionsPatternArgs{
					Type: pulumi.String("DisruptionTarget"), Status: pulumi.String("True"),
				}},
			}}},
			Template: args.podTemplate(account.Metadata.Name().Elem(), env, envFrom),
		},
	}, append(slices.Clone(child),
		pulumi.DependsOn(args.After),
		// Most of a Job's spec cannot be changed, and the provider does not know all of it (pulumi/pulumi-kubernetes#2575): any
		// change makes a new Job under a new name, and removes the old one after it.
		pulumi.ReplaceOnChanges([]string{"spec"}),
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: patience, Update: patience}),
	)...)
	if err != nil {
		return nil, fmt.Errorf("%s: creating Job: %w", name, err)
	}
	m.job, m.Job = job, job.Metadata.Name().Elem()
	return m, ctx.RegisterResourceOutputs(m, pulumi.Map{"job": m.Job})
}

// podTemplate is the Job's pod, under the same restrictions as the application's.
func (a MigrationArgs) podTemplate(account pulumi.StringInput, env corev1.EnvVarArray, envFrom corev1.EnvFromSourceArray) *corev1.PodTemplateSpecArgs {
	tmp := writable{name: "tmp", path: "/tmp", limit: "64Mi"}
	return &corev1.PodTemplateSpecArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Labels:      pulumi.ToStringMap(merged(a.Pods.Labels, labels(migrationService, a.Instance))),
			Annotations: pulumi.ToStringMap(a.Pods.Annotations),
		},
		Spec: &corev1.PodSpecArgs{
			RestartPolicy:                pulumi.String("Never"), // each try keeps a pod, and with it a log, of its own
			ServiceAccountName:           account,
			AutomountServiceAccountToken: pulumi.Bool(false),
			EnableServiceLinks:           pulumi.Bool(false),
			SecurityContext:              podSecurity(appUser),
			NodeSelector:                 pulumi.ToStringMap(a.Pods.NodeSelector),
			Tolerations:                  tolerations(a.Pods.Tolerations),
			PriorityClassName:            optional(a.Pods.PriorityClass),
			Volumes:                      corev1.VolumeArray{tmp.volume()},
			Containers: corev1.ContainerArray{corev1.ContainerArgs{
				Name:            pulumi.String(migrationService),
				Image:           a.Image,
				ImagePullPolicy: pulumi.String("IfNotPresent"),
				Command:         pulumi.ToStringArray(a.Command),
				Env:             env,
				EnvFrom:         envFrom,
				Resources:       resourceRequirements(a.Resources),
				SecurityContext: containerSecurity(),
				VolumeMounts:    corev1.VolumeMountArray{tmp.mount()},
				// The end of the log becomes part of the pod's status, and from there of Pulumi's error message.
				TerminationMessagePolicy: pulumi.String("FallbackToLogsOnError"),
			}},
		},
	}
}

// migrationInputs are what a stack's Migration needs besides the configuration.
type migrationInputs struct {
	instance    string // the installation, for labels
	namespace   pulumi.StringInput
	image       *Image // the backend's
	databaseURL pulumi.StringInput
	database    *Database // nil when it is elsewhere
	pullSecrets []pulumi.StringInput
}

// newMigration is nil when the configuration wants none.
func newMigration(ctx *pulumi.Context, name string, cfg *config.Config, in migrationInputs, opts ...pulumi.ResourceOption) (*Migration, error) {
	if !cfg.Migration.Enabled || cfg.Migration.Skip {
		return nil, nil
	}
	args := MigrationArgs{
		Instance: in.instance, Namespace: in.namespace, Image: in.image.Ref, Resources: cfg.Backend.Resources, Pods: migrationPods(cfg),
		Command: cfg.Migration.Command, TimeoutSeconds: cfg.Migration.TimeoutSeconds,
		Config: merged(nil, cfg.Backend.Env), PullSecrets: in.pullSecrets,
	}
	if e := cfg.ExternalSecrets; e != nil {
		args.External = fromStore(e, e.Migration())
	} else {
		url := in.databaseURL
		if cfg.Secrets.MigrationURL != nil { // past a pooler, which keeps no session
			url = cfg.Secrets.MigrationURL
		}
		args.Secrets = map[string]pulumi.StringInput{"DATABASE_URL": url}
	}
	if in.database != nil {
		args.After = []pulumi.Resource{in.database.statefulSet}
	}
	return NewMigration(ctx, name, args, opts...)
}

// migrationPods run where the backend's do, as the same identity: the image may be of one architecture, and the way to a cloud's
// database is often a matter of labels and annotations.
func migrationPods(cfg *config.Config) spec.Pods {
	pods := cfg.Backend.Pods
	pods.Labels = merged(pods.Labels, cfg.Migration.PodLabels)
	pods.Annotations = merged(pods.Annotations, cfg.Migration.PodAnnotations)
	return pods
}

// done is there when the schema is the new one; none without a migration. It is the Job and not the component: the SDK takes a component
// for those of its children that are registered by then, and they are registered in the background.
func (m *Migration) done() []pulumi.Resource {
	if m == nil {
		return nil
	}
	return []pulumi.Resource{m.job}
}
