package doctor

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Prescriptions for what is used up: CPU and memory of the nodes, and space on disk.

var (
	fullVolume    = regexp.MustCompile(`Usage of EmptyDir volume "([^"]+)" exceeds the limit "([^"]+)"`)
	fullContainer = regexp.MustCompile(`Container (\S+) exceeded its local ephemeral storage limit`)
	readOnlyPath  = regexp.MustCompile(`'(/[^'\n]+)'`)
)

// room is what a node has left of a resource, in thousandths.
type room struct {
	node        string
	total, left int64
	requested   int64
	unit        string // "m" for CPU, "Mi" for memory
}

func (r room) amount(milli int64) string {
	if r.unit == "m" {
		return fmt.Sprintf("%dm", milli)
	}
	return fmt.Sprintf("%dMi", milli/(1000<<20))
}

// mostRoom is the node with most of a resource left; ok is false where the nodes, or the pods of all namespaces,
// cannot be read.
func (p *prescription) mostRoom(resource string) (best room, ok bool) {
	var nodes struct {
		Items []struct {
			Metadata meta
			Spec     struct{ Unschedulable bool }
			Status   struct{ Allocatable map[string]string }
		}
	}
	if !decoded(p.ctx, p.run, &nodes, "get", "nodes", "-o", "json") {
		return room{}, false
	}
	text, err := p.run(p.ctx, "get", "pods", "--all-namespaces", "--no-headers",
		"--field-selector=status.phase!=Succeeded,status.phase!=Failed",
		"-o", "custom-columns=NODE:.spec.nodeName,REQUESTS:.spec.containers[*].resources.requests."+resource)
	if err != nil {
		return room{}, false
	}
	requested := map[string]int64{}
	for line := range strings.Lines(string(text)) {
		node, requests, _ := strings.Cut(strings.TrimSpace(line), " ")
		for _, request := range strings.Split(strings.TrimSpace(requests), ",") {
			if amount, ok := milli(request); ok {
				requested[node] += amount
			}
		}
	}
	unit := map[string]string{"cpu": "m", "memory": "Mi"}[resource]
	for _, n := range nodes.Items {
		total, known := milli(n.Status.Allocatable[resource])
		if !known || n.Spec.Unschedulable {
			continue
		}
		used := requested[n.Metadata.Name]
		r := room{node: n.Metadata.Name, total: total, left: total - used, requested: used, unit: unit}
		if !ok || r.left > best.left {
			best, ok = r, true
		}
	}
	return best, ok
}

// insufficient names what the pod asks for, what the nodes have, and the setting that asks for less.
func (p *prescription) insufficient(resource string) {
	f := p.f
	less := map[string]string{"cpu": "100m", "memory": "128Mi"}[resource]
	f.Likely = fmt.Sprintf("No node has %s of %s left for the pod.", p.requests(resource), resource)
	if r, ok := p.mostRoom(resource); ok {
		f.Likely = fmt.Sprintf("The pod asks for %s of %s. "+
			"The node with most room, %s, has %s of %s left: other pods ask for %s.",
			p.requests(resource), resource, r.node, r.amount(max(r.left, 0)), r.amount(r.total), r.amount(r.requested))
	}
	if p.w.Kind == "Deployment" && p.w.Status.Replicas > p.w.Status.UpdatedReplicas {
		f.Likely += " An update needs room for one more pod until an old one has ended."
	}
	f.Fix = p.kubectl(fmt.Sprintf("set resources %s -c %s --requests=%s=%s", p.object(), p.c.Name, resource, less))
	if p.ours {
		f.Fix = p.set("services."+f.Service+".resources.requests."+resource, less)
	}
}

// requests is what all containers of the pod ask for together, as it is written when there is only one.
func (p *prescription) requests(resource string) string {
	containers := p.w.Spec.Template.Spec.Containers
	if len(containers) == 1 {
		return containers[0].Resources.Requests[resource]
	}
	sum := ""
	for _, c := range containers {
		if request := c.Resources.Requests[resource]; request != "" {
			sum, _ = added(request, sum)
		}
	}
	return sum
}

// milli is a quantity in thousandths; ok is false for notations that do not occur here.
func milli(quantity string) (amount int64, ok bool) {
	m := number.FindStringSubmatch(quantity)
	if m == nil || units[m[2]] == 0 {
		return 0, false
	}
	if _, err := fmt.Sscan(m[1], &amount); err != nil {
		return 0, false
	}
	return amount * units[m[2]], true
}

// evicted says what a pod used too much of.
func (p *prescription) evicted() {
	f := p.f
	spec := p.w.Spec.Template.Spec
	if m := fullVolume.FindStringSubmatch(f.Detail); m != nil {
		f.Likely = fmt.Sprintf("The container wrote more than %s to the volume %s%s, so its node removed the pod.",
			m[2], m[1], p.mounted(m[1]))
		f.Fix = p.kubectl("edit " + p.object())
		if p.Stack != "" {
			f.Likely += " No key of the configuration changes that size: the program has to write less there."
			f.Fix = p.undo()
		}
		return
	}
	if strings.Contains(f.Detail, "ephemeral") && strings.Contains(f.Detail, "exceed") {
		c := p.c
		if m := fullContainer.FindStringSubmatch(f.Detail); m != nil {
			c = spec.container(m[1])
		}
		limit := c.Resources.Limits["ephemeral-storage"]
		more := doubled(limit)
		f.Likely = fmt.Sprintf("The container wrote more to its disk (files and logs) than its limit of %s, "+
			"so its node removed the pod.", limit)
		f.Fix = p.kubectl(fmt.Sprintf("set resources %s -c %s --limits=ephemeral-storage=%s", p.object(), c.Name, more))
		if p.ours {
			f.Fix = p.set("services."+f.Service+".resources.limits.ephemeralStorage", more)
		}
		return
	}
	f.Likely, f.Fix = "Its node ran out of memory or disk and removed it.", p.cluster("describe nodes")
}

// mounted is where the containers see a volume.
func (p *prescription) mounted(volume string) string {
	spec := p.w.Spec.Template.Spec
	for _, c := range slices.Concat(spec.Containers, spec.InitContainers) {
		for _, m := range c.VolumeMounts {
			if m.Name == volume {
				return " (" + m.MountPath + ")"
			}
		}
	}
	return ""
}

// readOnly names the path, and where the program may write.
func (p *prescription) readOnly() {
	path := "a file"
	if m := readOnlyPath.FindStringSubmatch(p.f.Detail); m != nil {
		path = m[1]
	}
	folders := []string{}
	for _, m := range p.c.VolumeMounts {
		folders = append(folders, m.MountPath)
	}
	p.f.Likely = fmt.Sprintf("The program writes to %s, and the container's file system is read-only.", path)
	if len(folders) > 0 {
		p.f.Likely += " It can write to " + strings.Join(folders, ", ") + "."
	}
	p.f.Fix = p.undo()
	if p.Stack != "" && p.First {
		p.f.Fix = "make up" + p.stackFlag() + " # after the program writes below /tmp"
	}
}
