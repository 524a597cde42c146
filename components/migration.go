package components

import (
	"errors"
	"fmt"
	"slices"
	"time"

	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

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

	Selector  map[string]string // labels of the Job's pod
	Completed *batchv1.Job      // there when the command has ended well
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

	EnvironmentArgs
	Account     ServiceAccount       // only an Existing one counts: the Job's own has a generated name
	PullSecrets []pulumi.StringInput // names of the Secrets that the image is pulled with; nil is none

	After []pulumi.Resource // the Job starts when these are there; nil is none, resources and no components: the SDK waits for those children of a component that are registered by then
}

const (
	// MigrationService is the name label of the Job's pod. It is not the backend's: that would make the pod an endpoint of
	// the backend's Service, and count it among the pods that an autoscaler measures.
	MigrationService = "migration"

	// One more try for a command that gives up while its database is still waking up. The reference application's waits
	// for a minute by itself.
	migrationRetries = 1
	// The Job's own deadline must come first: its failure has a reason, Pulumi's timeout has none.
	migrationPatience = time.Minute
)

// Validate reports everything that is wrong with the args.
func (a MigrationArgs) Validate() error {
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
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	m := &Migration{Selector: Selector(MigrationService, args.Instance)}
	if err := ctx.RegisterComponentResource(componentType("Migration"), name, m, opts...); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	child := withParent(m)

	env, err := newEnvironment(ctx, name, MigrationService, args.Instance, args.Namespace, args.EnvironmentArgs, child)
	if err != nil {
		return nil, err
	}
	accountMeta := meta(args.Namespace, MigrationService, args.Instance)
	accountMeta.Annotations = pulumi.ToStringMap(args.Pods.ServiceAccountAnnotations)
	account, err := newAccount(ctx, name+"-serviceaccount", args.Account, accountMeta, args.PullSecrets, child)
	if err != nil {
		return nil, err
	}
	jobMeta := meta(args.Namespace, MigrationService, args.Instance)
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
			Template: args.pod(account, env).template(),
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
	m.Completed, m.Job = job, job.Metadata.Name().Elem()
	return m, ctx.RegisterResourceOutputs(m, pulumi.Map{"job": m.Job})
}

// pod is the Job's pod, under the same restrictions as the application's.
func (a MigrationArgs) pod(account pulumi.StringInput, e environment) pod {
	return pod{
		service: MigrationService, instance: a.Instance, account: account, settings: &a.Pods, user: appUser,
		restart: "Never", // each try keeps a pod, and with it a log, of its own
		container: corev1.ContainerArgs{
			Image: a.Image, Command: pulumi.ToStringArray(a.Command), Env: e.env, EnvFrom: e.envFrom, Resources: resourceRequirements(a.Resources),
			// The end of the log becomes part of the pod's status, and from there of Pulumi's error message.
			TerminationMessagePolicy: pulumi.String("FallbackToLogsOnError"),
		},
		writable: []writable{tmp},
	}
}
