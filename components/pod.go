package components

import (
	"fmt"
	"maps"
	"slices"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/spec"
)

// pod is what the pods of all components have in common: the restricted Pod Security Standard, placement, and folders to
// write to. It tolerates neither root nor a writable image.
type pod struct {
	service, instance string
	account           pulumi.StringInput // name of the ServiceAccount
	settings          *spec.Pods         // nil is none
	annotations       map[string]string  // win over those of settings
	user              int                // uid and gid
	graceSeconds      int                // 0 is Kubernetes' own
	restart           string             // "" is Kubernetes' own
	spread            corev1.TopologySpreadConstraintArray

	container corev1.ContainerArgs // what is the component's own
	writable  []writable
	volumes   corev1.VolumeArray // others than writable
	mounts    corev1.VolumeMountArray
}

// template returns the pod template of a Deployment, a StatefulSet, a Job or a CronJob.
func (p pod) template() *corev1.PodTemplateSpecArgs {
	for _, w := range p.writable {
		p.mounts, p.volumes = append(p.mounts, w.mount()), append(p.volumes, w.volume())
	}
	c := p.container
	c.Name = pulumi.String(p.service)
	c.ImagePullPolicy = pulumi.String("IfNotPresent") // a tag is its content: it never needs a second look
	c.SecurityContext = containerSecurity()
	c.VolumeMounts = p.mounts
	all := labels(p.service, p.instance)
	template := &corev1.PodTemplateSpecArgs{Metadata: &metav1.ObjectMetaArgs{Labels: pulumi.ToStringMap(all)}}
	of := &corev1.PodSpecArgs{
		RestartPolicy:                optional(p.restart),
		ServiceAccountName:           p.account.ToStringOutput().ToStringPtrOutput(),
		AutomountServiceAccountToken: pulumi.Bool(false),
		// Docker-style links would put every Service of the namespace into the environment, and the application's own
		// names are close to theirs: a link named DATABASE_PORT would be read as a setting.
		EnableServiceLinks:        pulumi.Bool(false),
		SecurityContext:           podSecurity(p.user),
		TopologySpreadConstraints: p.spread,
		Volumes:                   p.volumes,
		Containers:                corev1.ContainerArray{c},
	}
	if s := p.settings; s != nil {
		template.Metadata = &metav1.ObjectMetaArgs{
			Labels: pulumi.ToStringMap(merged(s.Labels, all)), Annotations: pulumi.ToStringMap(merged(s.Annotations, p.annotations)),
		}
		of.NodeSelector = pulumi.ToStringMap(s.NodeSelector)
		of.Tolerations = tolerations(s.Tolerations)
		of.PriorityClassName = optional(s.PriorityClass)
	}
	if p.graceSeconds != 0 {
		of.TerminationGracePeriodSeconds = pulumi.Int(p.graceSeconds)
	}
	template.Spec = of
	return template
}

// files are a service's ConfigFiles: one ConfigMap, each file mounted under its own path.
type files struct {
	configMap pulumi.StringInput
	paths     []string
}

const filesVolume = "files"

// newFiles creates `<name>-files` when there are any. A change makes a new ConfigMap, and so rolls the pods.
func newFiles(ctx *pulumi.Context, name string, args AppConfigArgs, content map[string]string, child []pulumi.ResourceOption) (*files, error) {
	if len(content) == 0 {
		return nil, nil
	}
	f := &files{paths: slices.Sorted(maps.Keys(content))}
	args.Data = map[string]string{}
	for i, path := range f.paths {
		args.Data[fileKey(i)] = content[path]
	}
	held, err := NewAppConfig(ctx, name+"-files", args, child...)
	if err != nil {
		return nil, err
	}
	f.configMap = held.Ref
	return f, nil
}

// fileKey is a file's key in the ConfigMap: a path is not allowed there.
func fileKey(i int) string { return fmt.Sprintf("file-%d", i) }

func (f *files) volumes() corev1.VolumeArray {
	if f == nil {
		return nil
	}
	return corev1.VolumeArray{corev1.VolumeArgs{
		Name: pulumi.String(filesVolume), ConfigMap: &corev1.ConfigMapVolumeSourceArgs{Name: f.configMap.ToStringOutput().ToStringPtrOutput()},
	}}
}

func (f *files) mounts() corev1.VolumeMountArray {
	if f == nil {
		return nil
	}
	var all corev1.VolumeMountArray
	for i, path := range f.paths {
		all = append(all, corev1.VolumeMountArgs{
			Name: pulumi.String(filesVolume), MountPath: pulumi.String(path), SubPath: pulumi.String(fileKey(i)), ReadOnly: pulumi.Bool(true),
		})
	}
	return all
}

// tmp is the folder that every pod may write to.
var tmp = writable{name: "tmp", path: "/tmp", limit: "64Mi"}
