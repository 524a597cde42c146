package config

import (
	"fmt"
	"slices"

	"todo/build"
	"todo/spec"
)

// Service is one row of the application: everything that tells one workload from another.
type Service struct {
	Name    string // Service name in the cluster's DNS; also the name label
	Enabled bool   // false leaves it out, with everything that is for it; default true

	Source  string // a folder, or a git URL with #ref; "" is the folder of that name in Images.SourceRoot
	Image   string // a given reference; "" is built from source
	ImageOf string // another service whose image this one runs; "" is its own
	Build   Build

	Command, Args []string // nil is the image's own
	Port          int      // container port and Service port; 0 is a worker, which serves nothing
	Schedule      string   // a cron expression: a CronJob; "" is a Deployment
	Replicas      int      // unless Autoscaling is on, which begins with as many
	Autoscaling   spec.Autoscaling
	Pods          spec.Pods
	Probes        spec.Probes
	Resources     spec.Resources

	Env     map[string]string // as the stack says it; references are not resolved yet
	Secrets []string          // names of the secrets that it reads
	EnvFrom []string          // existing Secrets whose keys become variables
	Uses    []string          // whom it talks to, besides what Env and Secrets imply
	Egress  []spec.Destination

	Public    Public
	LocalPort int // on localhost, under the localhost exposure; 0 is none
	NodePort  int // 0 is none; used by the localhost and nodePort exposures

	Writable       map[string]string // quantity by folder, on an otherwise read-only root
	ConfigFiles    map[string]string // text by path
	ServiceAccount ServiceAccount

	SourceFiles [][]string // each group needs one of its files, or the build cannot work

	computed map[string]string // variables that the topology sets, with references; Env cannot set them
	folder   string            // Source on this machine
	plan     *build.Plan       // how it is built; nil is the way of the three known services
}

// Build says how an image is made from the source.
type Build struct {
	Preset     string            `json:"preset" default:"found" doc:"How the source becomes an image: fastapi (uv, poetry, pip), nextjs (npm, pnpm, yarn, bun), or by its own Dockerfile. A workspace is built from its root." allowed:"fastapi, nextjs, dockerfile"`
	Module     string            `json:"module" default:"found" doc:"Of preset fastapi: the application." allowed:"<package>.<module>:<variable>"`
	Dockerfile string            `json:"dockerfile" default:"dockerfiles/<name>.Dockerfile of the three known services, Dockerfile of others" doc:"Dockerfile, below the source." allowed:"a file"`
	Target     string            `json:"target" default:"the last stage" doc:"Stage of the Dockerfile." allowed:"the name of one"`
	Args       map[string]string `json:"args" doc:"Build arguments. They are public: an image's history shows them." allowed:"text"`
}

// Public says where users reach a service, if they do.
type Public struct {
	Enabled     bool
	Host        string            // "" is <name>.<domain>, of the three known services their usual one
	Path        string            // prefix; default /
	Annotations map[string]string // of this route alone
}

// ServiceAccount is the identity of a service's pods.
type ServiceAccount struct {
	Name     string // "" is generated
	Existing bool   // it is there already, and not created
}

// Services returns the services that are enabled: the three known ones first, then the others by name.
func (c *Config) Services() []Service {
	return slices.DeleteFunc(slices.Clone(c.rows), func(s Service) bool { return !s.Enabled })
}

// Service returns the enabled service of that name. Without one it is the zero value, which is not Enabled.
func (c *Config) Service(name string) Service {
	for _, s := range c.rows {
		if s.Name == name && s.Enabled {
			return s
		}
	}
	return Service{}
}

// Built reports whether an image is built for the service, and not given or another service's.
func (s Service) Built() bool { return s.Image == "" && s.ImageOf == "" }

// ClusterURL is where other pods find a service; "" when it is not enabled or serves nothing. The namespace's search
// domain completes the name.
func (s Service) ClusterURL() string {
	if !s.Enabled || s.Port == 0 {
		return ""
	}
	return fmt.Sprintf("http://%s:%d", s.Name, s.Port)
}

// MaxPods is the number of pods outside a rollout that there can be.
func (s Service) MaxPods() int {
	switch {
	case s.Schedule != "":
		return 1 // runs do not overlap
	case s.Autoscaling.Enabled:
		return s.Autoscaling.MaxReplicas
	}
	return s.Replicas
}

// needsDatabase reports whether any service reads DATABASE_URL.
func (c *Config) needsDatabase() bool { return c.Reads(keyDatabaseURL) }

// Reads reports whether any service reads that secret.
func (c *Config) Reads(variable string) bool {
	return slices.ContainsFunc(c.Services(), func(s Service) bool { return slices.Contains(s.Secrets, variable) })
}

// MigrationSecrets are the variables that the migration reads: the database's URL, and what the stack lists for the backend
// besides the program's own.
func (c *Config) MigrationSecrets() []string {
	names := []string{keyDatabaseURL}
	for _, name := range c.Service(BackendName).Secrets {
		if !slices.Contains(wellKnown, name) {
			names = append(names, name)
		}
	}
	return names
}

// SmokeCheck is a path of one's own that the smoke test asks.
type SmokeCheck struct {
	Service string `json:"service" default:"required" doc:"Service that is asked: through its public URL, or else in its pod." allowed:"a service's name"`
	Path    string `json:"path" default:"required" doc:"Path." allowed:"starts with /"`
	Status  int    `json:"status" default:"200" doc:"Status of a good answer." allowed:"100 to 599"`
}

// isReference reports whether the backend and the web front are the reference application's.
func (c *Config) isReference() bool {
	for _, name := range []string{BackendName, WebName} {
		if s := c.Service(name); !s.Enabled || !s.Built() || s.Source != "" {
			return false
		}
	}
	return c.Images.SourceRoot == defaultSourceRoot
}
