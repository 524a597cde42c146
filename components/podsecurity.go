package components

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/spec"
)

// appUser is the numeric user and group of our images. It has to be a number: the kubelet cannot tell whether a
// name is root, and refuses it under runAsNonRoot.
const appUser = 1000

// podSecurity and containerSecurity together satisfy the restricted Pod Security Standard.
func podSecurity(user int) *corev1.PodSecurityContextArgs {
	return &corev1.PodSecurityContextArgs{
		RunAsNonRoot: pulumi.Bool(true),
		RunAsUser:    pulumi.Int(user),
		RunAsGroup:   pulumi.Int(user),
		FsGroup:      pulumi.Int(user),
		// Changing the owner of a large volume at every start takes minutes; once is enough.
		FsGroupChangePolicy: pulumi.String("OnRootMismatch"),
		SeccompProfile:      &corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
	}
}

func containerSecurity() *corev1.SecurityContextArgs {
	return &corev1.SecurityContextArgs{
		AllowPrivilegeEscalation: pulumi.Bool(false),
		ReadOnlyRootFilesystem:   pulumi.Bool(true),
		Capabilities:             &corev1.CapabilitiesArgs{Drop: pulumi.StringArray{pulumi.String("ALL")}},
	}
}

// writable is a folder that a read-only container may write to. It is empty at every start.
type writable struct{ name, path, limit string }

func (w writable) mount() corev1.VolumeMountArgs {
	return corev1.VolumeMountArgs{Name: pulumi.String(w.name), MountPath: pulumi.String(w.path)}
}

// volume is limited: a pod that exceeds it is evicted before it fills the node.
func (w writable) volume() corev1.VolumeArgs {
	return corev1.VolumeArgs{
		Name:     pulumi.String(w.name),
		EmptyDir: &corev1.EmptyDirVolumeSourceArgs{SizeLimit: pulumi.String(w.limit)},
	}
}

func resourceRequirements(r spec.Resources) *corev1.ResourceRequirementsArgs {
	return &corev1.ResourceRequirementsArgs{Requests: quantities(r.Requests), Limits: quantities(r.Limits)}
}

func quantities(q spec.Quantities) pulumi.StringMap {
	return pulumi.StringMap{
		"cpu":               pulumi.String(q.CPU),
		"memory":            pulumi.String(q.Memory),
		"ephemeral-storage": pulumi.String(q.EphemeralStorage),
	}
}
