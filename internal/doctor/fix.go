package doctor

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"todo/internal/services"
)

// configurable are the services whose settings are in the stack's configuration (services.<name>, images.<name>).
var configurable = []string{services.Backend, services.Web, services.Chatbot}

// stackSecrets are the configuration's secret keys that become Secret keys of the same name.
var stackSecrets = []string{"DATABASE_URL", "BETTER_AUTH_SECRET", "BETTER_AUTH_SECRET_ALSO", "OPENAI_API_KEY", "VITE_OPENAI_API_KEY"}

// prescribe says in one sentence what the cause comes from, and gives the command that ends it.
func (d *diagnosis) prescribe(f *Finding, w controller) {
	p := &prescription{Target: d.target, f: f, w: w, ctx: d.ctx, run: d.kubectl}
	p.c = w.Spec.Template.Spec.container(f.Container)
	p.ours = d.target.Stack != "" && slices.Contains(configurable, f.Service) && w.Kind == "Deployment"
	if f.Container == "" && len(w.Spec.Template.Spec.Containers) > 0 {
		p.c = w.Spec.Template.Spec.Containers[0]
	}
	switch f.Cause {
	case Progressing:
		f.Likely, f.Fix = "It is starting, and nothing is wrong so far.", p.kubectl("rollout status "+p.object())
		if w.Kind == "Job" {
			f.Fix = p.kubectl("wait --for=condition=complete --timeout=120s " + p.object())
		}
	case ImagePull:
		p.imagePull()
	case Crash, JobFailed, Unknown:
		f.Likely = "The program ends by itself soon after it starts; the last lines of its log say why."
		if supervised.MatchString(f.Detail) {
			f.Likely = "The workers end, or do not answer their supervisor in time, and are started again; " +
				"the last lines of the log say more."
		}
		f.Fix = p.undo()
	case OOM:
		p.memory()
	case Readiness:
		f.Likely = fmt.Sprintf("The program runs, and %s does not answer its readiness probe well: no traffic goes there.", p.probed(p.c.ReadinessProbe))
		f.Fix = p.probeFix("readiness")
	case Liveness:
		f.Likely = fmt.Sprintf("%s does not answer the liveness probe, so the kubelet restarts the container again and again.", p.probed(p.c.LivenessProbe))
		f.Fix = p.probeFix("liveness")
	case Startup:
		f.Likely = fmt.Sprintf("%s has not answered its startup probe in time: it starts too slowly, hangs, or listens elsewhere.", p.probed(p.c.StartupProbe))
		f.Fix = p.probeFix("liveness") // the same path asks for both
	case Quota:
		p.quota()
	case PodSecurity:
		p.podSecurity()
	case Admission:
		f.Likely, f.Fix = "The API server refuses the pods before they exist.", p.kubectl("describe "+p.object())
	case Scheduling:
		p.scheduling()
	case Volume:
		p.volume()
	case MissingConfig:
		p.missingConfig()
	case BadSetting:
		p.badSetting()
	case DatabasePassword:
		p.databasePassword()
	case Database:
		p.database()
	case Command:
		f.Likely = "The image has no such program, or it is built for another processor: its command or entrypoint cannot be started."
		f.Fix = p.undo()
	case Evicted:
		p.evicted()
	case ReadOnly:
		p.readOnly()
	case Starved:
		p.starved()
	}
}

type prescription struct {
	Target
	f    *Finding
	w    controller
	c    container
	ours bool // the stack's configuration decides over this workload
	ctx  context.Context
	run  Kubectl
}

// set is the command that changes the stack's configuration and brings the change up.
func (p *prescription) set(path, value string) string {
	return fmt.Sprintf("pulumi config set -s %s --path %s %s && make up%s", p.Stack, path, value, p.stackFlag())
}

// stackFlag names the stack where make would choose another.
func (p *prescription) stackFlag() string {
	if p.Stack == "dev" {
		return ""
	}
	return " STACK=" + p.Stack
}

func (p *prescription) object() string { return strings.ToLower(p.w.Kind) + "/" + p.w.Metadata.Name }

// undo leaves a release that cannot run.
func (p *prescription) undo() string {
	switch {
	case p.Stack != "" && p.First:
		return "make up" + p.stackFlag() + " # once its source or setting is corrected"
	case p.Stack != "":
		return "make rollback" + p.stackFlag()
	case p.w.Kind == "Job":
		return p.kubectl("delete " + p.object())
	}
	return p.kubectl("rollout undo " + p.object())
}

func (p *prescription) imagePull() {
	f := p.f
	switch lower := strings.ToLower(f.Detail); {
	case f.Reason == "InvalidImageName":
		f.Likely = fmt.Sprintf("%s is no valid image reference.", p.c.Image)
	case strings.Contains(lower, "unauthorized") || strings.Contains(lower, "denied") || strings.Contains(lower, "forbidden") || strings.Contains(lower, "authorization failed"):
		f.Likely = fmt.Sprintf("The registry does not let this cluster pull %s: it needs credentials, or the name is wrong.", p.c.Image)
	case strings.Contains(lower, "not found") || strings.Contains(lower, "manifest unknown"):
		f.Likely = fmt.Sprintf("There is no image %s: the tag or the name is wrong, or it was never pushed.", p.c.Image)
	case strings.Contains(lower, "no such host") || strings.Contains(lower, "timeout") || strings.Contains(lower, "refused") || strings.Contains(lower, "dial tcp") || strings.Contains(lower, "deadline"):
		f.Likely = fmt.Sprintf("The node cannot reach the registry of %s.", p.c.Image)
	default:
		f.Likely = fmt.Sprintf("The node cannot get the image %s.", p.c.Image)
	}
	switch {
	case p.ours && slices.Contains(p.Images, f.Service):
		f.Fix = fmt.Sprintf("pulumi config rm -s %s --path images.%s && make up%s", p.Stack, f.Service, p.stackFlag())
	case p.Stack != "":
		f.Fix = p.undo()
	default:
		f.Fix = p.kubectl(fmt.Sprintf("set image %s %s=<repository>:<tag>", p.object(), p.c.Name))
	}
}

func (p *prescription) memory() {
	limit := p.c.Resources.Limits["memory"]
	more := doubled(limit)
	p.f.Likely = fmt.Sprintf("The container used more memory than its limit of %s and was killed.", limit)
	p.f.Fix = p.kubectl(fmt.Sprintf("set resources %s -c %s --limits=memory=%s", p.object(), p.c.Name, more))
	if p.ours {
		p.f.Fix = p.set("services."+p.f.Service+".resources.limits.memory", more)
	}
}

var number = regexp.MustCompile(`^(\d+)(\D*)$`)

// doubled is twice a quantity, in its own unit.
func doubled(quantity string) string {
	m := number.FindStringSubmatch(quantity)
	if m == nil {
		return "1Gi"
	}
	var n int64
	if _, err := fmt.Sscan(m[1], &n); err != nil {
		return "1Gi"
	}
	return fmt.Sprintf("%d%s", 2*n, m[2])
}

// probed is where a probe asks.
func (p *prescription) probed(pr *probe) string {
	if pr != nil && pr.HTTPGet != nil {
		return pr.HTTPGet.Path
	}
	return "the container"
}

func (p *prescription) probeFix(kind string) string {
	detail := p.f.Detail
	switch {
	case p.ours && strings.Contains(detail, "statuscode: 404"):
		return p.set("services."+p.f.Service+".probes."+kind, "<path that answers 200>")
	case p.Stack == "" && strings.Contains(detail, "statuscode: 404"):
		return p.kubectl("edit " + p.object())
	case p.Stack != "" && p.w.Kind == "StatefulSet":
		return p.kubectl("describe pod " + p.f.Pod)
	}
	return p.undo()
}

func (p *prescription) missingConfig() {
	f := p.f
	if m := missingKey.FindStringSubmatch(f.Detail); m != nil {
		key, name := m[1], m[3]
		f.Likely = fmt.Sprintf("%s %s has no key %s, and the container needs it.", m[2], name, key)
		f.Fix = p.kubectl(fmt.Sprintf("patch %s %s --type merge -p '{\"%s\":{\"%s\":\"<value>\"}}'", strings.ToLower(m[2]), name, map[string]string{"Secret": "stringData", "ConfigMap": "data"}[m[2]], key))
		if p.Stack != "" {
			f.Fix = p.refresh()
			if slices.Contains(stackSecrets, key) && key != "BETTER_AUTH_SECRET" && !(key == "DATABASE_URL" && p.Managed) {
				f.Fix = fmt.Sprintf("pulumi config set -s %s --secret %s && make up%s", p.Stack, key, p.stackFlag())
			}
		}
		return
	}
	if m := missingObject.FindStringSubmatch(f.Detail); m != nil {
		f.Likely = fmt.Sprintf("The %s %s does not exist, and the container needs it.", m[1], m[2])
		f.Fix = p.kubectl(fmt.Sprintf("create %s %s --from-literal=<KEY>=<value>", strings.Replace(m[1], "secret", "secret generic", 1), m[2]))
		if p.Stack != "" {
			f.Fix = p.refresh()
		}
		return
	}
	f.Likely, f.Fix = "The container's configuration refers to something that is not there.", p.kubectl("describe pod "+f.Pod)
}

var (
	missingKey    = regexp.MustCompile(`couldn't find key (\S+) in (Secret|ConfigMap) [^/\s]+/(\S+)`)
	missingObject = regexp.MustCompile(`(secret|configmap) "([^"]+)" not found`)
)

// refresh has Pulumi look at what is really there and put back what is missing.
func (p *prescription) refresh() string {
	return fmt.Sprintf("pulumi up -s %s --refresh --yes", p.Stack)
}

func (p *prescription) badSetting() {
	p.f.Likely = "The program refuses a variable of its environment: " + strings.TrimSuffix(strings.TrimPrefix(p.f.Detail, "bad settings: "), ".") + "."
	p.f.Fix = p.undo()
	for _, key := range stackSecrets {
		if p.Stack != "" && strings.Contains(p.f.Detail, key) {
			p.f.Fix = fmt.Sprintf("pulumi config set -s %s --secret %s && make up%s", p.Stack, key, p.stackFlag())
		}
	}
}

func (p *prescription) databasePassword() {
	p.f.Likely = "The database refuses the user or password in DATABASE_URL."
	switch {
	case p.Stack != "" && p.Managed && p.First:
		// Minikube keeps the folder of a deleted volume when it was restarted in between (kubernetes/minikube#4546),
		// and gives it to the next volume of the same name.
		p.f.Likely = "The database's volume has the data of an earlier stack, whose password was another one. " +
			"Minikube does that when it was restarted between make up and make down. " +
			"Without a restart in between, make down removes the data."
		p.f.Fix = "make down" + p.stackFlag() + " && make up" + p.stackFlag()
	case p.Stack != "" && p.Managed:
		p.f.Fix = p.undo()
	case p.Stack != "":
		p.f.Fix = fmt.Sprintf("pulumi config set -s %s --secret DATABASE_URL && make up%s", p.Stack, p.stackFlag())
	default:
		p.f.Fix = p.secretFix("DATABASE_URL")
	}
}

// secretFix sets a key of the Secret that the container reads it from.
func (p *prescription) secretFix(key string) string {
	for _, e := range p.c.Env {
		if ref := e.ValueFrom.SecretKeyRef; e.Name == key && ref.Name != "" {
			return p.kubectl(fmt.Sprintf("patch secret %s --type merge -p '{\"stringData\":{\"%s\":\"<value>\"}}' && ", ref.Name, ref.Key)) + p.kubectl("rollout restart "+p.object())
		}
	}
	return p.kubectl("edit " + p.object())
}

func (p *prescription) database() {
	p.f.Likely = "The database in DATABASE_URL does not answer: it is down, its name is wrong, or a NetworkPolicy is in the way."
	switch {
	case p.Stack != "" && p.Managed:
		p.f.Fix = p.kubectl("rollout restart statefulset/database")
	case p.Stack != "":
		p.f.Fix = fmt.Sprintf("pulumi config set -s %s --secret DATABASE_URL && make up%s", p.Stack, p.stackFlag())
	default:
		p.f.Fix = p.secretFix("DATABASE_URL")
	}
}
