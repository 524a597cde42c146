// Package config reads a stack's configuration once, checks all of it, and hands the rest of the program plain
// typed values. It is the only package that knows key names.
package config

import (
	"slices"
	"strings"
	"todo/target"
)

// Config is one stack's configuration: complete, checked, with every default applied.
type Config struct {
	Stack     string
	Preview   bool   // a dry run: nothing will be changed
	Root      string // folder of Pulumi.yaml; source paths are relative to it
	Namespace string // default todo-<stack>

	Production bool // safety rules of a shared, public installation

	Exposure     Exposure
	Domain       string // host of the web front; chat. and api. go in front of it
	NodeAddress  string // under the nodePort exposure: the node that the URLs name
	LoadBalancer LoadBalancerConfig
	Ingress      IngressConfig
	Gateway      GatewayConfig
	TLS          TLS
	// ExposureAnnotations go onto what faces the users: the Ingress, the Gateway, or each load balancer's Service.
	ExposureAnnotations map[string]string
	IngressFrom         From // who the NetworkPolicies let in; the zero value follows from the exposure

	NetworkPolicies bool // only the topology's flows are let through; default true
	ResourceQuota   bool // the namespace holds what the topology needs and no more; default true

	Labels      map[string]string // added to every object and pod
	Annotations map[string]string // the same

	Kube   Kube
	Docker target.Engine
	Images Images

	rows     []Service // every service, also those that are not enabled
	Database DatabaseConfig

	nodeAddressOfCluster string // what make up found

	Migration Migration

	// RolloutTimeoutSeconds is how long a workload may take to become Ready before an update fails; default 900.
	RolloutTimeoutSeconds int

	LogLevel      string            // DEBUG, INFO, WARNING, ERROR or CRITICAL; default INFO
	OpenAIBaseURL string            // "" is OpenAI's own
	Secrets       map[string]Secret // by variable; DATABASE_URL and its like as well as `secrets`
	Smoke         []SmokeCheck
	Journey       bool // the smoke test signs up, adds a task and signs out; default: for the reference application

	Observability Observability

	ExternalSecrets *ExternalSecrets // nil: the stack holds its secrets itself
	RenderYAML      string           // folder for manifests, relative to Root; "" changes a cluster

	Kagent *Kagent // nil: not installed
}

// Images says how references are made: where they are pushed and what they are built from.
type Images struct {
	Registry   string // host[:port][/path]; "" leaves images in the Engine that built them
	Platform   string // os/arch; default linux/<architecture of this machine>
	BaseImages BaseImages
	SourceRoot string // folder of the three services' sources; default app
	// Loader copies what was built into the nodes. It is nil with a registry, and where the nodes run the Engine's images.
	Loader *target.Loader

	Login       *RegistryLogin // nil is none: Docker's own for pushing, and none for pulling
	PullSecrets []string       // Secrets in the namespace that the pods pull with

	Proxies map[string]string // build arguments of every image; not part of its content
}

// BaseImages are what the Dockerfiles and the development database start from.
type BaseImages struct {
	Python   string `json:"python" doc:"The backend." allowed:"a reference; in production with a tag other than latest, or a digest"`
	Node     string `json:"node" doc:"The two fronts." allowed:"the same"`
	Postgres string `json:"postgres" doc:"The development database." allowed:"the same"`
}

// DatabaseConfig describes the database that the stack runs itself.
type DatabaseConfig struct {
	Managed bool // outside production, when DATABASE_URL is unset or names another role of it
	// Parked is a database that the stack could run and does not: there may be a volume from a time when it did.
	Parked  bool
	Image   string
	Storage string // quantity of the volume

	Host, Name, User string // of the database that the services use; the password is a secret

	StorageClass  string // "" is the cluster's default
	Port          int    // DATABASE_URL's, also when it is not the stack's own; default DatabasePort
	MigrationPort int    // MIGRATION_DATABASE_URL's; default Port
}

// Migration brings the database's schema up to date, from the backend's image, before the backend's pods change.
type Migration struct {
	Enabled        bool     // default: the backend is built here, from a source with src/migrate.py
	Command        []string // in the backend's image, and with its DATABASE_URL
	TimeoutSeconds int      // all tries together; default 900
	Skip           bool     // nothing migrates: neither the Job nor the backend

	PodLabels      map[string]string // before the backend's; "" takes one away
	PodAnnotations map[string]string // the same
}

// Origins are where browsers come from.
func (c *Config) Origins() string {
	return strings.Join(slices.DeleteFunc([]string{c.WebURL(), c.ChatbotURL()}, func(url string) bool { return url == "" }), ",")
}

// Stage is what the application is told it runs in.
func (c *Config) Stage() string {
	if c.Production {
		return "production"
	}
	return "development"
}
