package config

import (
	"runtime"

	"todo/internal/services"
	"todo/spec"
)

// The topology: every number and path of the three services and the database, once. An application written for them relies on
// the ports, paths and names; README.md's table shows all of it.

const (
	BackendName = services.Backend
	WebName     = services.Web
	ChatbotName = services.Chatbot

	databaseName = services.Database

	minNodePort = 30000 // the API server's default range
	maxNodePort = 32767

	// DatabasePort is Postgres's own.
	DatabasePort = 5432
	// MetricsPort is where the backend serves /metrics, for scrapers only.
	MetricsPort = services.MetricsPort
	// DatabaseService is the name under which pods find the development database.
	DatabaseService = databaseName
)

// defaultNodePorts resemble the services' own ports. The backend has its own under the nodePort exposure only.
var defaultNodePorts = map[string]int{WebName: 30000, ChatbotName: 30001, BackendName: 30800}

// hostPrefix goes before the domain.
var hostPrefix = map[string]string{BackendName: "api.", WebName: "", ChatbotName: "chat."}

var defaultBaseImages = BaseImages{Python: "python:3.13-slim", Node: "node:20-alpine", Postgres: "postgres:17-alpine"}

const (
	defaultSourceRoot = "app"
	defaultLogLevel   = "INFO"
	defaultContext    = "minikube"

	defaultScraperNamespace = "monitoring"
	defaultStorage          = "1Gi"

	// The limit for a machine that is short of CPU: a backend needed 203 s at a load of 35 on two cores. make up ends
	// earlier when the node has CPU to spare (ops/giveup.go).
	defaultRolloutTimeout = 900
	// Below the shortest, an ordinary start on a small machine counts as a failure; nobody watches an update for an hour.
	minRolloutTimeout, maxRolloutTimeout = 60, 3600

	// On unless switched off: a cluster whose network does not enforce policies ignores them.
	defaultNetworkPolicies = true
	defaultResourceQuota   = true

	// Three times the pods of a quiet day, added before those that are there run out of what they asked for. Calm on the
	// way down: a load that comes back finds its pods.
	defaultScale            = 3
	defaultCPUPercent       = 70
	defaultScaleDownSeconds = 300
)

func defaultPlatform() string { return "linux/" + runtime.GOARCH }

// A front has less CPU and starts sooner: with 9 s, pods of 200m that rendered 30 signed-in pages a second were killed.
const frontLivenessSeconds = 15

// ephemeral covers logs and the writable emptyDirs; without a limit one pod can fill the node's disk.
const (
	ephemeralRequest = "64Mi"
	ephemeralLimit   = "512Mi"
)

// knownServices are the rows of the three known services. Their variables are those that the applications read; a
// reference to a service that is not enabled leaves its variable out.
func knownServices() []Service {
	backend := Service{
		Name: BackendName, Enabled: true, Port: services.BackendPort, LocalPort: services.BackendPort, Replicas: 2,
		Probes:      probes("/health", "/ready", spec.DefaultLivenessSeconds),
		Pods:        spec.Pods{GraceSeconds: spec.DefaultGraceSeconds},
		Resources:   resources("250m", "256Mi", "500m", "512Mi"),
		Secrets:     []string{keyDatabaseURL, keyAuthSecret, keyAuthSecretAlso, keyOpenAIKey},
		Uses:        []string{useDatabase, useOpenAI},
		Public:      Public{Enabled: true, Path: "/"},
		SourceFiles: [][]string{{"requirements.txt", "poetry.lock", "uv.lock"}},
		computed: map[string]string{
			"FRONTEND_URL":     "${services.frontend-web.publicUrl}",
			AllowedOrigins:     "${origins}",
			"LOG_LEVEL":        "${logLevel}",
			"ENVIRONMENT":      "${environment}",
			"OPENAI_BASE_URL":  "${openaiBaseUrl}",
			"MIGRATE_ON_START": "${migrateOnStart}",
			"METRICS_PORT":     "${metricsPort}",
		},
	}
	web := frontEnd(WebName, services.WebPort)
	web.Secrets = []string{keyAuthSecret, keyAuthSecretAlso}
	web.computed = map[string]string{
		"NEXT_PUBLIC_API_URL": "${services.backend.publicUrl}",
		"API_URL":             "${services.backend.url}", // server side: never through the front door
		"BETTER_AUTH_URL":     "${services.frontend-web.publicUrl}",
		"CHATBOT_URL":         "${services.frontend-chatbot.publicUrl}",
		"COOKIE_DOMAIN":       "${cookieDomain}",
	}
	chatbot := frontEnd(ChatbotName, services.ChatbotPort)
	chatbot.Secrets = []string{keyChatbotOpenAI}
	chatbot.computed = map[string]string{
		"VITE_API_URL":  "${services.backend.publicUrl}",
		"API_URL":       "${services.backend.url}",
		"FRONTEND_URL":  "${services.frontend-web.publicUrl}",
		"COOKIE_DOMAIN": "${cookieDomain}",
	}
	return []Service{backend, web, chatbot}
}

func frontEnd(name string, port int) Service {
	return Service{
		Name: name, Enabled: true, Port: port, LocalPort: port, NodePort: defaultNodePorts[name], Replicas: 2,
		Probes:      probes("/api/healthz", "/api/healthz", frontLivenessSeconds),
		Pods:        spec.Pods{GraceSeconds: spec.DefaultGraceSeconds},
		Resources:   DefaultResources(),
		Uses:        []string{BackendName},
		Public:      Public{Enabled: true, Path: "/"},
		SourceFiles: [][]string{{"package.json"}, {"package-lock.json", "pnpm-lock.yaml", "yarn.lock"}},
		Writable:    map[string]string{nextCache: "128Mi"},
	}
}

// DefaultResources are those of a container that says nothing, as of a front end.
func DefaultResources() spec.Resources { return resources("100m", "128Mi", "200m", "256Mi") }

// newService is a row that the stack adds. It is private, and has no probes until it names their paths.
func newService(name string) Service {
	return Service{
		Name: name, Enabled: true, Replicas: 1, Resources: resources("100m", "128Mi", "500m", "512Mi"),
		Probes: probes("", "", spec.DefaultLivenessSeconds), Pods: spec.Pods{GraceSeconds: spec.DefaultGraceSeconds},
	}
}

// nextCache is where Next.js keeps what it renders at run time.
const nextCache = "/app/.next/cache"

func probes(liveness, readiness string, livenessSeconds int) spec.Probes {
	return spec.Probes{
		Liveness: liveness, Readiness: readiness, ReadinessPeriodSeconds: 10,
		LivenessSeconds: livenessSeconds, StartupSeconds: spec.DefaultStartupSeconds,
	}
}

func resources(cpu, memory, cpuLimit, memoryLimit string) spec.Resources {
	return spec.Resources{
		Requests: spec.Quantities{CPU: cpu, Memory: memory, EphemeralStorage: ephemeralRequest},
		Limits:   spec.Quantities{CPU: cpuLimit, Memory: memoryLimit, EphemeralStorage: ephemeralLimit},
	}
}
