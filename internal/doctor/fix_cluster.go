package doctor

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Prescriptions for what the cluster refuses.

var quotaName = regexp.MustCompile(`exceeded quota: ([^,\s]+)`)

// stackQuota begins the name of the ResourceQuota that the program makes.
const stackQuota = "todo-quota-"

// quota raises exactly what was exceeded to what is needed.
func (p *prescription) quota() {
	name := "<name>"
	if m := quotaName.FindStringSubmatch(p.f.Detail); m != nil {
		name = m[1]
	}
	p.f.Likely = fmt.Sprintf("The namespace's ResourceQuota %s has no room for the pod.", name)
	if p.Stack != "" && strings.HasPrefix(name, stackQuota) {
		// It has room for the topology, so something else takes it; and what is patched, the next update puts back.
		p.f.Fix = fmt.Sprintf("pulumi config set -s %s resourceQuota false && make up%s", p.Stack, p.stackFlag())
		return
	}
	p.f.Fix = p.kubectl("describe resourcequota " + name)
	requested, used := amounts(p.f.Detail, "requested"), amounts(p.f.Detail, "used")
	var hard []string
	for _, resource := range slices.Sorted(maps.Keys(requested)) {
		sum, ok := added(requested[resource], used[resource])
		if !ok {
			return
		}
		hard = append(hard, fmt.Sprintf("%q:%q", resource, sum))
	}
	if len(hard) > 0 && name != "<name>" {
		p.f.Fix = p.kubectl(fmt.Sprintf(`patch resourcequota %s --type merge -p '{"spec":{"hard":{%s}}}'`, name, strings.Join(hard, ",")))
	}
}

// amounts reads one part of "requested: requests.cpu=1,pods=1, used: …, limited: …".
func amounts(message, part string) map[string]string {
	_, rest, found := strings.Cut(message, part+": ")
	if !found {
		return nil
	}
	if end := strings.Index(rest, ", "); end >= 0 {
		rest = rest[:end]
	}
	all := map[string]string{}
	for _, pair := range strings.Split(rest, ",") {
		if resource, amount, ok := strings.Cut(pair, "="); ok {
			all[strings.TrimSpace(resource)] = strings.TrimSpace(amount)
		}
	}
	return all
}

// units are Kubernetes' suffixes in thousandths, as a CPU's smallest unit is.
var units = map[string]int64{"m": 1, "": 1000, "k": 1000e3, "M": 1000e6, "G": 1000e9, "Ki": 1000 << 10, "Mi": 1000 << 20, "Gi": 1000 << 30}

// added is the sum of two quantities in the smaller of their units; ok is false for notations that do not occur here.
func added(a, b string) (sum string, ok bool) {
	ma, mb := number.FindStringSubmatch(a), number.FindStringSubmatch(b)
	if b == "" {
		return a, ma != nil
	}
	if ma == nil || mb == nil || units[ma[2]] == 0 || units[mb[2]] == 0 {
		return "", false
	}
	var na, nb int64
	if _, err := fmt.Sscan(ma[1], &na); err != nil {
		return "", false
	}
	if _, err := fmt.Sscan(mb[1], &nb); err != nil {
		return "", false
	}
	unit := ma[2]
	if units[mb[2]] < units[unit] {
		unit = mb[2]
	}
	return fmt.Sprintf("%d%s", (na*units[ma[2]]+nb*units[mb[2]])/units[unit], unit), true
}

// podSecurity gives the pod what the restricted standard asks for. What it forbids (host paths, host network, privileges)
// only the workload's author can take away.
func (p *prescription) podSecurity() {
	f := p.f
	violations := f.Detail
	if _, after, found := strings.Cut(f.Detail, "violates PodSecurity "); found {
		violations = after
	}
	f.Likely = "The namespace's Pod Security Standard forbids the pod: " + strings.TrimSuffix(violations, ".") + "."
	if strings.Contains(f.Detail, "runAsNonRoot") && f.Reason != "FailedCreate" {
		f.Likely = "The image runs as root, or as a user without a number, and the pod must not run as root."
	}
	for _, forbidden := range []string{"privileged", "hostPath", "host namespaces", "hostPort"} {
		if strings.Contains(violations, forbidden+" ") || strings.Contains(violations, forbidden+"=") || strings.Contains(violations, forbidden+")") {
			f.Fix = p.kubectl("edit " + p.object())
			return
		}
	}
	if p.Stack != "" || p.w.Kind == "Job" {
		f.Fix = p.undo()
		return
	}
	f.Fix = p.kubectl(fmt.Sprintf(`patch %s -p '{"spec":{"template":{"spec":{"securityContext":{"runAsNonRoot":true,"runAsUser":10001,"seccompProfile":{"type":"RuntimeDefault"}},"containers":[{"name":%q,"securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]}}}}'`,
		p.object(), p.c.Name))
}

func (p *prescription) scheduling() {
	f, spec := p.f, p.w.Spec.Template.Spec
	resource := ""
	for _, r := range []string{"cpu", "memory", "ephemeral-storage", "pods"} {
		if strings.Contains(f.Detail, "Insufficient "+r) || (r == "pods" && strings.Contains(f.Detail, "Too many pods")) {
			resource = r
			break
		}
	}
	switch {
	case strings.Contains(f.Detail, "affinity/selector") && len(spec.NodeSelector) > 0:
		var pairs []string
		for _, key := range slices.Sorted(maps.Keys(spec.NodeSelector)) {
			pairs = append(pairs, key+"="+spec.NodeSelector[key])
		}
		f.Likely = fmt.Sprintf("No node has the label %s that the pod asks for.", strings.Join(pairs, ","))
		f.Fix = p.cluster("label nodes --all " + strings.Join(pairs, " "))
	case resource == "cpu" || resource == "memory":
		p.insufficient(resource)
	case strings.Contains(f.Detail, "taint"):
		f.Likely, f.Fix = "Every node has a taint that the pod does not tolerate.", p.cluster("describe nodes")
	case strings.Contains(f.Detail, "topology spread"):
		f.Likely, f.Fix = "The pods cannot be spread over the nodes as asked.", p.cluster("get nodes")
	default:
		f.Likely, f.Fix = "No node takes the pod.", p.cluster("describe nodes")
	}
}

var missingClass = regexp.MustCompile(`storageclass\.storage\.k8s\.io "([^"]+)" not found`)

// defaultClass is the StorageClass that the cluster would have taken.
func (p *prescription) defaultClass() string {
	text, err := p.run(p.ctx, "get", "storageclasses", "-o", "json")
	var list struct{ Items []struct{ Metadata meta } }
	if err == nil && json.Unmarshal(text, &list) == nil {
		for _, class := range list.Items {
			if class.Metadata.Annotations["storageclass.kubernetes.io/is-default-class"] == "true" {
				return class.Metadata.Name
			}
		}
	}
	return "<one of: " + p.cluster("get storageclass") + ">"
}

func (p *prescription) volume() {
	f := p.f
	claim := "<claim>"
	for _, v := range p.w.Spec.Template.Spec.Volumes {
		if v.PersistentVolumeClaim != nil {
			claim = v.PersistentVolumeClaim.ClaimName
		}
	}
	if m := regexp.MustCompile(`PersistentVolumeClaim (\S+) is`).FindStringSubmatch(f.Detail); m != nil {
		claim = m[1]
	}
	if m := missingClass.FindStringSubmatch(f.Detail); m != nil {
		f.Likely = fmt.Sprintf("PersistentVolumeClaim %s asks for StorageClass %s, which this cluster does not have.", claim, m[1])
		// A claim's class cannot be changed: the claim, which holds nothing yet, is made anew.
		f.Fix = fmt.Sprintf("%s | sed 's/storageClassName: %s/storageClassName: %s/' | %s",
			p.kubectl("get pvc "+claim+" -o yaml"), m[1], p.defaultClass(), p.kubectl("replace --force -f -"))
		return
	}
	if strings.Contains(f.Detail, "not found") {
		f.Likely = fmt.Sprintf("PersistentVolumeClaim %s does not exist.", claim)
		f.Fix = p.kubectl("get pvc")
		return
	}
	f.Likely, f.Fix = "The pod's volume is not there yet, or cannot be mounted.", p.kubectl("describe pvc "+claim)
}
