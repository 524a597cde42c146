package config

import (
	"maps"
	"slices"

	"todo/spec"
)

// shapes are the types of the keys that hold an object. Their tags are what docs/configuration.md says of the fields: doc
// is the meaning, allowed the values that pass validation. A map is by service.
var shapes = map[string]any{
	keyImages:     map[string]string{},
	keyBaseImages: BaseImages{},
	keyServices:   map[string]serviceOverride{},
	keyMigration:  migrationOverride{},

	keyDatabase: databaseOverride{}, keyExternalSecrets: externalSecretsOverride{}, keyPullSecrets: []string{}, keyObservability: Observability{},
	keyLoadBalancer: LoadBalancerConfig{}, keyGateway: GatewayConfig{}, keyIngressFrom: From{},
	keyExposureAnnotations: map[string]string{},
	keyLabels:              map[string]string{}, keyAnnotations: map[string]string{},
	keyAIOps:   aiopsOverride{},
	keySecrets: map[string]string{}, keySmoke: []SmokeCheck{},
}

// serviceOverride is what `services.<name>` may say. A nil or empty field keeps the row's default, which Service documents.
type serviceOverride struct {
	Enabled     *bool                `json:"enabled" doc:"false leaves the service out, with its image, policies, URL and exposure." allowed:"true, false"`
	Source      string               `json:"source" default:"sourceRoot/<name>" doc:"Where it is built from. A repository's commit is kept in .state; submodules are not fetched." allowed:"a folder, or <git URL>#<commit, tag or branch>[:<folder>]"`
	Image       string               `json:"image" default:"built from source" doc:"A ready image, or the name of another service whose image this one runs too." allowed:"a reference, or a service's name"`
	Build       Build                `json:"build"`
	Command     []string             `json:"command" default:"the image's" doc:"Replaces the image's entry point." allowed:"a list"`
	Args        []string             `json:"args" default:"the image's" doc:"Replaces the image's arguments." allowed:"a list"`
	Port        *int                 `json:"port" doc:"Container port and Service port. Without one the service is a worker: no Service, no probes over HTTP." allowed:"1 to 65535"`
	Schedule    string               `json:"schedule" doc:"Runs as a CronJob instead of a Deployment." allowed:"a cron expression, for example 0 3 * * *"`
	Replicas    *int                 `json:"replicas" doc:"Pods. With autoscaling it is the minimum." allowed:"0 to 100"`
	LocalPort   *int                 `json:"localPort" doc:"Port on localhost, under the localhost exposure." allowed:"1 to 65535, each once"`
	NodePort    *int                 `json:"nodePort" doc:"Port on every node, under localhost (0 is none) and nodePort." allowed:"0, 30000 to 32767, each once" default:"frontend-web 30000, frontend-chatbot 30001; backend 30800 under nodePort, else none"`
	Resources   *resourceOverride    `json:"resources"`
	Probes      *probeOverride       `json:"probes"`
	Env         map[string]string    `json:"env" doc:"Variables in plain text. ${services.<name>.url}, .host, .port and .publicUrl, ${database.host}, .port, .name and .user, ${namespace}, ${stack}, ${environment} and ${origins} are replaced. Of those that the program computes it may set ALLOWED_ORIGINS only." allowed:"names of letters, digits and _"`
	Secrets     []string             `json:"secrets" default:"those that the known services need" doc:"Names of secrets that the service reads, besides those of its default; the values are secrets.<NAME> or a key of their own." allowed:"names"`
	EnvFrom     []string             `json:"envFrom" doc:"Existing Secrets of the namespace whose keys become variables." allowed:"names of Secrets"`
	Uses        []string             `json:"uses" doc:"Whom it talks to, besides what env and secrets name: NetworkPolicies and the order of a production rollout follow." allowed:"a service, database, openai, internet, internet:<port>, <network>:<port>, <host>:<port>"`
	Public      *publicOverride      `json:"public" default:"true for the three known services"`
	Writable    map[string]string    `json:"writable" doc:"Folders that the container may write to besides /tmp, each with its size. They are empty at every start." allowed:"a quantity by absolute path"`
	ConfigFiles map[string]string    `json:"configFiles" doc:"Files in the container." allowed:"text by absolute path"`
	Egress      []egressRule         `json:"egress"`
	Autoscaling *autoscalingOverride `json:"autoscaling"`
	podsOverride
}

// publicOverride may be written as true or false.
type publicOverride struct {
	Enabled     *bool             `json:"enabled" default:"true" doc:"Users reach the service from outside; public: true is short for it." allowed:"true, false"`
	Host        string            `json:"host" default:"<name>.<domain>; of the known services <domain>, chat.<domain>, api.<domain>" doc:"Its host name." allowed:"a host name"`
	Path        string            `json:"path" default:"/" doc:"Only paths below this one." allowed:"starts with /"`
	Annotations map[string]string `json:"annotations" doc:"Annotations of its Ingress, which it then has for itself." allowed:"annotations"`
}

type resourceOverride struct {
	Requests spec.Quantities `json:"requests"`
	Limits   spec.Quantities `json:"limits"`
}

type probeOverride struct {
	Liveness               string `json:"liveness" doc:"Path of the startup and liveness probes." allowed:"starts with /"`
	Readiness              string `json:"readiness" doc:"Path of the readiness probe." allowed:"starts with /"`
	ReadinessPeriodSeconds int    `json:"readinessPeriodSeconds" doc:"Seconds between two readiness probes. A database that sleeps when idle wants many." allowed:"1 to 3600"`
	LivenessSeconds        int    `json:"livenessSeconds" doc:"Seconds without an answer after which a container is started again. An application that blocks while it works wants more." allowed:"3 to 3600"`
	StartupSeconds         int    `json:"startupSeconds" doc:"Seconds after which a new pod that does not answer is restarted." allowed:"10 to 1800, at most rolloutTimeoutSeconds" default:"600, at most rolloutTimeoutSeconds"`
}

func (l *loader) baseImages() BaseImages {
	given := BaseImages{}
	l.object(keyBaseImages, &given)
	return BaseImages{
		Python:   or(given.Python, defaultBaseImages.Python),
		Node:     or(given.Node, defaultBaseImages.Node),
		Postgres: or(given.Postgres, defaultBaseImages.Postgres),
	}
}

// services applies `services` and `images` to the known rows, and adds the stack's own.
func (l *loader) services(c *Config) {
	c.rows = knownServices()
	overrides := map[string]serviceOverride{}
	l.object(keyServices, &overrides)
	names := sortedKeys(overrides)
	for _, name := range names {
		if c.row(name) == nil && l.isNew(name, overrides[name]) {
			c.rows = append(c.rows, newService(name))
		}
	}
	if c.Exposure == NodePort {
		c.row(BackendName).NodePort = defaultNodePorts[BackendName]
	}
	for _, name := range names {
		if s := c.row(name); s != nil {
			s.apply(overrides[name], c)
			c.validatePorts(*s, overrides[name], &l.ps)
		}
	}
	for i := range c.rows {
		s := &c.rows[i]
		if o := overrides[s.Name].Probes; o == nil || o.StartupSeconds == 0 {
			s.Probes.StartupSeconds = min(spec.DefaultStartupSeconds, c.RolloutTimeoutSeconds)
		}
		s.Autoscaling = overrides[s.Name].Autoscaling.resolve(s, c.Production)
	}

	images := map[string]string{}
	l.object(keyImages, &images)
	for _, name := range sortedKeys(images) {
		if s := c.row(name); s != nil {
			s.Image, s.ImageOf = images[name], ""
			continue
		}
		path := join(keyImages, name)
		l.ps.add(Problem{Key: path, Got: "no such service", Want: suggestion(name, c.names()), Fix: l.ps.remove(path)})
	}
}

// isNew reports whether a name adds a service. One that says neither source nor image is a misspelt name.
func (l *loader) isNew(name string, o serviceOverride) bool {
	path := join(keyServices, name)
	known := []string{BackendName, WebName, ChatbotName}
	switch {
	case o.Source == "" && o.Image == "":
		l.ps.add(Problem{Key: path, Got: "no such service", Want: suggestion(name, known) + " (a new service needs source or image)",
			Fix: l.ps.remove(path)})
	case !dnsLabel.MatchString(name) || len(name) > 40:
		l.ps.add(Problem{Key: path, Got: "not a service's name", Want: "allowed: up to 40 of a-z, 0-9 and -, not at the ends",
			Fix: l.ps.remove(path)})
	case slices.Contains(reservedNames, name):
		l.ps.add(Problem{Key: path, Got: "the name of one of the program's own objects", Want: "choose another name",
			Fix: l.ps.remove(path)})
	default:
		return true
	}
	return false
}

// reservedNames are labels and resource names that the program uses itself.
var reservedNames = []string{databaseName, "migration", "default-deny", "dns", "quota", "exposure", "namespace", "kagent",
	"observability", "registry"}

func (c *Config) row(name string) *Service {
	for i := range c.rows {
		if c.rows[i].Name == name {
			return &c.rows[i]
		}
	}
	return nil
}

func (c *Config) names() []string {
	var all []string
	for _, s := range c.rows {
		all = append(all, s.Name)
	}
	slices.Sort(all)
	return all
}

func (s *Service) apply(o serviceOverride, c *Config) {
	s.Enabled = valueOr(o.Enabled, s.Enabled)
	s.Port = valueOr(o.Port, s.Port)
	s.Replicas = valueOr(o.Replicas, s.Replicas)
	s.NodePort = valueOr(o.NodePort, s.NodePort)
	s.applyPublic(o.Public)
	if s.LocalPort == 0 && s.Public.Enabled {
		s.LocalPort = s.Port
	}
	s.LocalPort = valueOr(o.LocalPort, s.LocalPort)
	if o.Resources != nil {
		s.Resources.Requests = withQuantities(s.Resources.Requests, o.Resources.Requests)
		s.Resources.Limits = withQuantities(s.Resources.Limits, o.Resources.Limits)
	}
	if o.Probes != nil {
		s.Probes.Liveness = or(o.Probes.Liveness, s.Probes.Liveness)
		s.Probes.Readiness = or(o.Probes.Readiness, s.Probes.Readiness)
		s.Probes.ReadinessPeriodSeconds = or(o.Probes.ReadinessPeriodSeconds, s.Probes.ReadinessPeriodSeconds)
		s.Probes.LivenessSeconds = or(o.Probes.LivenessSeconds, s.Probes.LivenessSeconds)
		s.Probes.StartupSeconds = or(o.Probes.StartupSeconds, s.Probes.StartupSeconds)
	}
	s.Source, s.Schedule, s.Build, s.Command, s.Args = o.Source, o.Schedule, o.Build, o.Command, o.Args
	if s.Image = o.Image; o.Image != "" && c.row(o.Image) != nil {
		s.Image, s.ImageOf = "", o.Image
	}
	s.Env, s.EnvFrom, s.Egress = o.Env, o.EnvFrom, destinations(o.Egress)
	s.Secrets = union(s.Secrets, o.Secrets)
	s.Uses = union(s.Uses, o.Uses)
	s.Writable, s.ConfigFiles = with(s.Writable, o.Writable), o.ConfigFiles
	s.ServiceAccount = ServiceAccount{Name: o.ServiceAccount.Name, Existing: o.ServiceAccount.Existing}
	s.Pods = spec.Pods{
		Labels: o.Labels, Annotations: o.Annotations, NodeSelector: o.NodeSelector, Tolerations: o.Tolerations,
		PriorityClass: o.PriorityClass, GraceSeconds: valueOr(o.GraceSeconds, s.Pods.GraceSeconds),
		ServiceAccountAnnotations: o.ServiceAccount.Annotations,
	}
}

func (s *Service) applyPublic(o *publicOverride) {
	if o == nil {
		return
	}
	s.Public = Public{}
	if o.Enabled == nil || *o.Enabled {
		s.Public = Public{Enabled: true, Host: o.Host, Path: or(o.Path, "/"), Annotations: o.Annotations}
	}
}

// union returns the names of both lists, each once.
func union(own, more []string) []string {
	all := slices.Clone(own)
	for _, name := range more {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// with returns own and more in one map; more wins.
func with(own, more map[string]string) map[string]string {
	if len(own)+len(more) == 0 {
		return nil
	}
	all := maps.Clone(own)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, more)
	return all
}

func withQuantities(q, o spec.Quantities) spec.Quantities {
	return spec.Quantities{
		CPU:              or(o.CPU, q.CPU),
		Memory:           or(o.Memory, q.Memory),
		EphemeralStorage: or(o.EphemeralStorage, q.EphemeralStorage),
	}
}

// or returns given unless it is the zero value.
func or[T comparable](given, otherwise T) T {
	var zero T
	if given == zero {
		return otherwise
	}
	return given
}
