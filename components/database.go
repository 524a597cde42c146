package components

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/spec"
)

// Database is one Postgres for development: a StatefulSet with a volume, found under its Service's name. It is no
// substitute for a managed database: one replica, no backups.
type Database struct {
	pulumi.ResourceState

	// URL is the whole connection string, secret. Readers never assemble credentials.
	URL pulumi.StringOutput `pulumi:"url"`

	Selector    map[string]string   // labels of its pod
	StatefulSet *appsv1.StatefulSet // there when Postgres is ready; nil when Parked
}

// DatabaseArgs are a Database's inputs.
type DatabaseArgs struct {
	Service   string // DNS name; also that of the StatefulSet
	Instance  string // the installation, for labels and selectors
	Namespace pulumi.StringInput
	Image     string // postgres, Alpine or Debian flavour
	Port      int
	Storage   string // quantity, of the volume when it is made; default is the caller's business

	// Parked keeps the password alone. The volume outlives the StatefulSet, and Postgres knows the password of its first start only:
	// with another one the stack would be locked out of its own data.
	Parked bool

	RolloutTimeoutSeconds int                  // how long Pulumi waits for the pod to become Ready; 0 is 900
	StorageClass          string               // of the volume when it is made; "" is the cluster's default
	PullSecrets           []pulumi.StringInput // names of the Secrets that the image is pulled with; nil is none
}

const (
	databaseUser = "todo"
	databaseName = "todo"
	passwordKey  = "POSTGRES_PASSWORD"

	// postgresUser is uid and gid of the Alpine image. Its Debian sibling has 999, and runs under any number.
	postgresUser = 70

	databaseData = "/var/lib/postgresql/data"
	// Postgres refuses a folder that is not empty, and the root of a fresh ext4 volume holds lost+found.
	databasePGData = databaseData + "/pgdata"
)

// Validate reports what is wrong with the args.
func (a DatabaseArgs) Validate() error {
	if a.Service == "" || a.Instance == "" || a.Image == "" || a.Storage == "" || a.Namespace == nil {
		return errors.New("Service, Instance, Namespace, Image and Storage are required")
	}
	return nil
}

// NewDatabase creates `<name>-password` and, unless it is Parked, `<name>-secrets`, `<name>-serviceaccount`,
// `<name>-statefulset` and `<name>-service`.
func NewDatabase(ctx *pulumi.Context, name string, args DatabaseArgs, opts ...pulumi.ResourceOption) (*Database, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	db := &Database{Selector: Selector(args.Service, args.Instance)}
	if err := ctx.RegisterComponentResource(componentType("Database"), name, db, opts...); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	child := withParent(db)
	selector := db.Selector
	named := func() *metav1.ObjectMetaArgs {
		m := meta(args.Namespace, args.Service, args.Instance)
		m.Name = pulumi.String(args.Service)
		return m
	}

	// Letters and digits only: the password is part of a URL. 32 of them are 190 bits.
	password, err := random.NewRandomPassword(ctx, name+"-password", &random.RandomPasswordArgs{
		Length: pulumi.Int(32), Special: pulumi.Bool(false),
	}, child...)
	if err != nil {
		return nil, fmt.Errorf("%s: generating the password: %w", name, err)
	}
	if args.Parked {
		return db, ctx.RegisterResourceOutputs(db, pulumi.Map{})
	}
	secrets, err := NewAppSecret(ctx, name+"-secrets", AppSecretArgs{
		Service: args.Service, Instance: args.Instance, Namespace: args.Namespace,
		Data: map[string]pulumi.StringInput{passwordKey: password.Result},
	}, child...)
	if err != nil {
		return nil, err
	}
	account, err := newAccount(ctx, name+"-serviceaccount", ServiceAccount{}, meta(args.Namespace, args.Service, args.Instance), args.PullSecrets, child)
	if err != nil {
		return nil, err
	}
	// The name is fixed because the volume's claim is named after it (data-database-0): a replaced StatefulSet finds
	// the same data. Retain keeps the claim when the StatefulSet goes; only the namespace's end removes the data.
	statefulSet, err := appsv1.NewStatefulSet(ctx, name+"-statefulset", &appsv1.StatefulSetArgs{
		Metadata: named(),
		Spec: &appsv1.StatefulSetSpecArgs{
			ServiceName: pulumi.String(args.Service),
			Replicas:    pulumi.Int(1),
			Selector:    &metav1.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(selector)},
			PersistentVolumeClaimRetentionPolicy: &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicyArgs{
				WhenDeleted: pulumi.String("Retain"), WhenScaled: pulumi.String("Retain"),
			},
			VolumeClaimTemplates: corev1.PersistentVolumeClaimTypeArray{corev1.PersistentVolumeClaimTypeArgs{
				Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(databaseVolume), Labels: pulumi.ToStringMap(selector)},
				Spec: &corev1.PersistentVolumeClaimSpecArgs{
					StorageClassName: optional(args.StorageClass),
					AccessModes:      pulumi.StringArray{pulumi.String("ReadWriteOnce")},
					Resources:        &corev1.VolumeResourceRequirementsArgs{Requests: pulumi.StringMap{"storage": pulumi.String(args.Storage)}},
				},
			}},
			Template: args.pod(account, secrets).template(),
		},
	}, append(slices.Clone(child),
		rolloutPatience(cmp.Or(args.RolloutTimeoutSeconds, rolloutTimeoutSeconds)),
		pulumi.IgnoreChanges(databaseKeeps()),
	)...)
	if err != nil {
		return nil, fmt.Errorf("%s: creating StatefulSet: %w", name, err)
	}
	db.StatefulSet = statefulSet
	// Headless, under a fixed name: the connection string holds it.
	service, err := corev1.NewService(ctx, name+"-service", &corev1.ServiceArgs{
		Metadata: named(),
		Spec: &corev1.ServiceSpecArgs{
			ClusterIP: pulumi.String("None"),
			Selector:  pulumi.ToStringMap(selector),
			Ports: corev1.ServicePortArray{corev1.ServicePortArgs{
				Name: pulumi.String(databasePortName), Port: pulumi.Int(args.Port), TargetPort: pulumi.String(databasePortName),
			}},
		},
	}, child...)
	if err != nil {
		return nil, fmt.Errorf("%s: creating Service: %w", name, err)
	}

	db.URL = pulumi.ToSecret(pulumi.Sprintf("postgresql://%s:%s@%s:%d/%s",
		databaseUser, password.Result, service.Metadata.Name().Elem(), args.Port, databaseName)).(pulumi.StringOutput)
	return db, ctx.RegisterResourceOutputs(db, pulumi.Map{"url": db.URL})
}

// DatabaseResources suffice for a developer's data set.
var DatabaseResources = spec.Resources{
	Requests: spec.Quantities{CPU: "100m", Memory: "128Mi", EphemeralStorage: "64Mi"},
	Limits:   spec.Quantities{CPU: "500m", Memory: "512Mi", EphemeralStorage: "256Mi"},
}
