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
	keyAIOps: aiopsOverride{},
}

// serviceOverride is what `services.<name>` may change. A nil pointer keeps the topology's value. A field of the same
// name in Service has the default.
type serviceOverride struct {
	Enabled     *bool                `json:"enabled" doc:"false leaves the service out, with its image, policies, URL and exposure." allowed:"true, false"`
	Replicas    *int                 `json:"replicas" doc:"Pods. With autoscaling it is the minimum." allowed:"0 to 100"`
	LocalPort   *int                 `json:"localPort" doc:"Port on localhost, under the localhost exposure." allowed:"1 to 65535, each once"`
	NodePort    *int                 `json:"nodePort" doc:"Port on every node, under localhost (0 is none) and nodePort." allowed:"0, 30000 to 32767, each once" default:"frontend-web 30000, frontend-chatbot 30001; backend 30800 under nodePort, else none"`
	Resources   *resourceOverride    `json:"resources"`
	Probes      *probeOverride       `json:"probes"`
	Env         map[string]string    `json:"env" doc:"More variables for the ConfigMap. Of those that the program computes it may set ALLOWED_ORIGINS only." allowed:"names of letters, digits and _"`
	Source      string               `json:"source" default:"sourceRoot/<name>" doc:"Where it is built from. A repository's commit is kept in .state; submodules are not fetched." allowed:"a folder, or <git URL>#<commit, tag or branch>[:<folder>]"`
	Egress      []egressRule         `json:"egress"`
	Autoscaling *autoscalingOverride `json:"autoscaling"`
	podsOverride
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

// services applies `services` and `images` to the topology.
func (l *loader) services(c *Config) {
	c.Backend, c.Web, c.Chatbot = defaultBackend(), defaultWeb(), defaultChatbot()
	if c.Exposure == NodePort {
		c.Backend.NodePort = defaultNodePorts[backendName]
	}
	byName := map[string]*Service{backendName: &c.Backend, webName: &c.Web, chatbotName: &c.Chatbot}

	overrides := map[string]serviceOverride{}
	l.object(keyServices, &overrides)
	for _, name := range slices.Sorted(maps.Keys(overrides)) {
		if s := l.serviceNamed(keyServices, name, byName); s != nil {
			s.apply(overrides[name])
			c.validatePorts(*s, overrides[name], &l.ps)
		}
	}
	for name, s := range byName {
		if o := overrides[name].Probes; o == nil || o.StartupSeconds == 0 {
			s.Probes.StartupSeconds = min(spec.DefaultStartupSeconds, c.RolloutTimeoutSeconds)
		}
		s.Autoscaling = overrides[name].Autoscaling.on(s, c.Production)
	}

	images := map[string]string{}
	l.object(keyImages, &images)
	for _, name := range slices.Sorted(maps.Keys(images)) {
		if s := l.serviceNamed(keyImages, name, byName); s != nil {
			s.Image = images[name]
		}
	}
}

func (l *loader) serviceNamed(key, name string, byName map[string]*Service) *Service {
	if s, known := byName[name]; known {
		return s
	}
	path := join(key, name)
	l.ps.add(Problem{Key: path, Got: "no such service", Want: suggestion(name, slices.Sorted(maps.Keys(byName))), Fix: l.ps.remove(path)})
	return nil
}

func (s *Service) apply(o serviceOverride) {
	if o.Enabled != nil {
		s.Enabled = *o.Enabled
	}
	if o.Replicas != nil {
		s.Replicas = *o.Replicas
	}
	if o.LocalPort != nil {
		s.LocalPort = *o.LocalPort
	}
	if o.NodePort != nil {
		s.NodePort = *o.NodePort
	}
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
	s.Env, s.Source, s.Egress = o.Env, o.Source, destinations(o.Egress)
	s.Pods = spec.Pods{
		Labels: o.Labels, Annotations: o.Annotations, NodeSelector: o.NodeSelector, Tolerations: o.Tolerations,
		PriorityClass: o.PriorityClass, GraceSeconds: given(o.GraceSeconds, s.Pods.GraceSeconds), ServiceAccountAnnotations: o.ServiceAccount.Annotations,
	}
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
