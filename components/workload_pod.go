package components

import (
	"cmp"
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/spec"
)

// podTemplate is the pod of a Workload. It tolerates neither root nor a writable image.
func (a WorkloadArgs) podTemplate(selector map[string]string, account pulumi.StringInput, env corev1.EnvVarArray, envFrom corev1.EnvFromSourceArray) *corev1.PodTemplateSpecArgs {
	var mounts corev1.VolumeMountArray
	var volumes corev1.VolumeArray
	for _, w := range a.writables() {
		mounts = append(mounts, w.mount())
		volumes = append(volumes, w.volume())
	}
	return &corev1.PodTemplateSpecArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Labels: pulumi.ToStringMap(merged(a.Pods.Labels, labels(a.Service, a.Instance))),
			Annotations: pulumi.ToStringMap(merged(a.Pods.Annotations, map[string]string{
				"kubectl.kubernetes.io/default-container": a.Service,
			})),
		},
		Spec: &corev1.PodSpecArgs{
			ServiceAccountName:           account,
			AutomountServiceAccountToken: pulumi.Bool(false),
			// Docker-style links would put every Service of the namespace into the environment, and the application's
			// own names are close to theirs.
			EnableServiceLinks:            pulumi.Bool(false),
			SecurityContext:               podSecurity(appUser),
			TerminationGracePeriodSeconds: pulumi.Int(cmp.Or(a.Pods.GraceSeconds, spec.DefaultGraceSeconds)),
			TopologySpreadConstraints:     spread(selector, a.Zones),
			NodeSelector:                  pulumi.ToStringMap(a.Pods.NodeSelector),
			Tolerations:                   tolerations(a.Pods.Tolerations),
			PriorityClassName:             optional(a.Pods.PriorityClass),
			Volumes:                       volumes,
			Containers: corev1.ContainerArray{corev1.ContainerArgs{
				Name:            pulumi.String(a.Service),
				Image:           a.Image,
				ImagePullPolicy: pulumi.String("IfNotPresent"), // a tag is its content: it never needs a second look
				Ports:           a.ports(),
				Env:             env,
				EnvFrom:         envFrom,
				Resources:       resourceRequirements(a.Resources),
				SecurityContext: containerSecurity(),
				VolumeMounts:    mounts,
				// The kubelet's own sleep: the images have no shell to rely on.
				Lifecycle: &corev1.LifecycleArgs{PreStop: &corev1.LifecycleHandlerArgs{
					Sleep: &corev1.SleepActionArgs{Seconds: pulumi.Int(preStopSeconds)},
				}},
				// Until the startup probe passes the other two wait, so a slow start is not taken for a hang.
				StartupProbe:   startupProbe(a.Probes),
				LivenessProbe:  livenessProbe(a.Probes),
				ReadinessProbe: probe(a.Probes.Readiness, a.Probes.ReadinessPeriodSeconds, 2),
			}},
		},
	}
}

func (a WorkloadArgs) ports() corev1.ContainerPortArray {
	ports := corev1.ContainerPortArray{corev1.ContainerPortArgs{Name: pulumi.String(portName), ContainerPort: pulumi.Int(a.Port)}}
	if a.MetricsPort != 0 {
		ports = append(ports, corev1.ContainerPortArgs{Name: pulumi.String(metricsPortName), ContainerPort: pulumi.Int(a.MetricsPort)})
	}
	return ports
}

// writables are /tmp and the framework's caches.
func (a WorkloadArgs) writables() []writable {
	all := []writable{{name: "tmp", path: "/tmp", limit: "64Mi"}}
	for i, path := range a.Caches {
		all = append(all, writable{name: fmt.Sprintf("cache-%d", i), path: path, limit: "128Mi"})
	}
	return all
}

func startupProbe(probes spec.Probes) *corev1.ProbeArgs {
	limit := cmp.Or(probes.StartupSeconds, spec.DefaultStartupSeconds)
	return probe(probes.Liveness, startupPeriodSeconds, limit/startupPeriodSeconds)
}

// livenessProbe asks three times or more within the silence that is allowed, and waits for each answer until it asks
// again: a process that gets little CPU answers late.
func livenessProbe(probes spec.Probes) *corev1.ProbeArgs {
	silence := cmp.Or(probes.LivenessSeconds, spec.DefaultLivenessSeconds)
	period := min((silence+2)/3, longestLivenessPeriodSeconds)
	p := probe(probes.Liveness, period, (silence+period-1)/period)
	p.TimeoutSeconds = pulumi.Int(period)
	p.TerminationGracePeriodSeconds = pulumi.Int(livenessGraceSeconds)
	return p
}

func probe(path string, period, failures int) *corev1.ProbeArgs {
	return &corev1.ProbeArgs{
		HttpGet:          &corev1.HTTPGetActionArgs{Path: pulumi.String(path), Port: pulumi.String(portName)},
		PeriodSeconds:    pulumi.Int(period),
		TimeoutSeconds:   pulumi.Int(probeTimeoutSeconds),
		FailureThreshold: pulumi.Int(failures),
	}
}
