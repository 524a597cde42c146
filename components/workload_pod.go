package components

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/spec"
)

// container is what a Workload's pods run, without what all pods have in common.
func (a WorkloadArgs) container(e environment) corev1.ContainerArgs {
	c := corev1.ContainerArgs{
		Image:     a.Image,
		Command:   pulumi.ToStringArray(a.Command),
		Args:      pulumi.ToStringArray(a.Args),
		Ports:     a.ports(),
		Env:       e.env,
		EnvFrom:   e.envFrom,
		Resources: resourceRequirements(a.Resources),
	}
	if a.Port == 0 {
		return c // nobody connects to it, so there is nothing to probe or to drain
	}
	// The kubelet's own sleep: the images have no shell to rely on.
	c.Lifecycle = &corev1.LifecycleArgs{PreStop: &corev1.LifecycleHandlerArgs{
		Sleep: &corev1.SleepActionArgs{Seconds: pulumi.Int(preStopSeconds)},
	}}
	// Until the startup probe passes the other two wait, so a slow start is not taken for a hang.
	c.StartupProbe = startupProbe(a.Probes)
	c.LivenessProbe = livenessProbe(a.Probes)
	c.ReadinessProbe = probe(a.Probes.Readiness, a.Probes.ReadinessPeriodSeconds, 2)
	return c
}

// pod returns the pod of a Workload.
func (a WorkloadArgs) pod(account pulumi.StringInput, e environment, f *files) pod {
	return pod{
		service: a.Service, instance: a.Instance, account: account, settings: &a.Pods,
		annotations:  map[string]string{"kubectl.kubernetes.io/default-container": a.Service},
		user:         appUser,
		graceSeconds: cmp.Or(a.Pods.GraceSeconds, spec.DefaultGraceSeconds),
		container:    a.container(e), writable: a.writables(), volumes: f.volumes(), mounts: f.mounts(),
	}
}

func (a WorkloadArgs) ports() corev1.ContainerPortArray {
	var ports corev1.ContainerPortArray
	if a.Port != 0 {
		ports = append(ports, corev1.ContainerPortArgs{Name: pulumi.String(portName), ContainerPort: pulumi.Int(a.Port)})
	}
	if a.MetricsPort != 0 {
		ports = append(ports, corev1.ContainerPortArgs{Name: pulumi.String(metricsPortName), ContainerPort: pulumi.Int(a.MetricsPort)})
	}
	return ports
}

// writables are /tmp and the folders of Writable.
func (a WorkloadArgs) writables() []writable {
	all := []writable{tmp}
	for i, path := range slices.Sorted(maps.Keys(a.Writable)) {
		all = append(all, writable{name: fmt.Sprintf("cache-%d", i), path: path, limit: a.Writable[path]})
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

// probe asks for a path, or without one whether the port accepts connections.
func probe(path string, period, failures int) *corev1.ProbeArgs {
	p := &corev1.ProbeArgs{
		PeriodSeconds:    pulumi.Int(period),
		TimeoutSeconds:   pulumi.Int(probeTimeoutSeconds),
		FailureThreshold: pulumi.Int(failures),
	}
	if path == "" {
		p.TcpSocket = &corev1.TCPSocketActionArgs{Port: pulumi.String(portName)}
	} else {
		p.HttpGet = &corev1.HTTPGetActionArgs{Path: pulumi.String(path), Port: pulumi.String(portName)}
	}
	return p
}
