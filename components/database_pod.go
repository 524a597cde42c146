package components

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	databasePortName = "postgres"
	databaseVolume   = "data"

	// A fast shutdown of Postgres writes a checkpoint; a kill instead costs a recovery at the next start.
	databaseGraceSeconds = 60
	// Each probe is a process in the container, whose start alone takes seconds on a busy node.
	databaseProbeTimeoutSeconds = 15
	// Ten minutes, for a recovery too.
	databaseStartupProbes = 300
	// A minute and a half of silence: a kill in the middle of a long checkpoint costs a recovery.
	databaseLivenessPeriodSeconds, databaseLivenessProbes = 15, 6
)

// pod is the database's pod, under the same restrictions as the application's.
func (a DatabaseArgs) pod(account pulumi.StringInput, secrets *AppSecret) pod {
	literal := func(name, value string) corev1.EnvVarArgs {
		return corev1.EnvVarArgs{Name: pulumi.String(name), Value: pulumi.String(value)}
	}
	return pod{
		service: a.Service, instance: a.Instance, account: account, user: postgresUser, graceSeconds: databaseGraceSeconds,
		container: corev1.ContainerArgs{
			Image: pulumi.String(a.Image),
			Ports: corev1.ContainerPortArray{corev1.ContainerPortArgs{
				Name: pulumi.String(databasePortName), ContainerPort: pulumi.Int(a.Port),
			}},
			Env: corev1.EnvVarArray{
				literal("POSTGRES_USER", databaseUser),
				literal("POSTGRES_DB", databaseName),
				literal("PGDATA", databasePGData),
				secrets.EnvVar(passwordKey, passwordKey),
			},
			Resources:      resourceRequirements(DatabaseResources),
			StartupProbe:   a.probe(startupPeriodSeconds, databaseStartupProbes),
			LivenessProbe:  a.probe(databaseLivenessPeriodSeconds, databaseLivenessProbes),
			ReadinessProbe: a.probe(5, 2),
		},
		mounts:   corev1.VolumeMountArray{corev1.VolumeMountArgs{Name: pulumi.String(databaseVolume), MountPath: pulumi.String(databaseData)}},
		writable: []writable{tmp, {name: "run", path: "/var/run/postgresql", limit: "8Mi"}}, // socket and lock file
	}
}

// probe asks over TCP: during its first start the image runs a temporary server that listens on the socket only, and
// a probe through the socket would call it ready.
func (a DatabaseArgs) probe(period, failures int) *corev1.ProbeArgs {
	command := []string{"pg_isready", "-h", "127.0.0.1", "-p", fmt.Sprint(a.Port), "-U", databaseUser, "-d", databaseName}
	return &corev1.ProbeArgs{
		Exec:             &corev1.ExecActionArgs{Command: pulumi.ToStringArray(command)},
		PeriodSeconds:    pulumi.Int(period),
		TimeoutSeconds:   pulumi.Int(databaseProbeTimeoutSeconds),
		FailureThreshold: pulumi.Int(failures),
	}
}

// databaseKeeps are the inputs that a running database keeps as they were. The claim's template cannot be changed:
// Postgres would be deleted and created again. The probes' numbers are not worth a restart of Postgres when a stack
// is upgraded.
func databaseKeeps() []string {
	keeps := []string{"spec.volumeClaimTemplates"}
	for _, probe := range []string{"startupProbe", "livenessProbe", "readinessProbe"} {
		for _, field := range []string{"periodSeconds", "timeoutSeconds", "failureThreshold"} {
			keeps = append(keeps, "spec.template.spec.containers[0]."+probe+"."+field)
		}
	}
	return keeps
}
