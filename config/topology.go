package config

import (
	"runtime"

	"todo/internal/services"
	"todo/spec"
)

// The topology: every number and path of the three services and the database, once. An application written for them relies on
// the ports, paths and names; README.md's table shows all of it.

const (
	backendName  = services.Backend
	webName      = services.Web
	chatbotName  = services.Chatbot
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
var defaultNodePorts = map[string]int{webName: 30000, chatbotName: 30001, backendName: 30800}

// hostPrefix goes before the domain.
var hostPrefix = map[string]string{backendName: "api.", webName: "", chatbotName: "chat."}

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

func defaultBackend() Service {
	return Service{
		Name: backendName, Enabled: true, Port: services.BackendPort, LocalPort: services.BackendPort, Replicas: 2,
		Probes:      spec.Probes{Liveness: "/health", Readiness: "/ready", ReadinessPeriodSeconds: 10, LivenessSeconds: spec.DefaultLivenessSeconds, StartupSeconds: spec.DefaultStartupSeconds},
		Pods:        spec.Pods{GraceSeconds: spec.DefaultGraceSeconds},
		Resources:   resources("250m", "256Mi", "500m", "512Mi"),
		SourceFiles: [][]string{{"requirements.txt", "poetry.lock", "uv.lock"}},
	}
}

func defaultWeb() Service {
	s := defaultFront(webName, services.WebPort)
	s.NodePort = defaultNodePorts[webName]
	return s
}

func defaultChatbot() Service {
	s := defaultFront(chatbotName, services.ChatbotPort)
	s.NodePort = defaultNodePorts[chatbotName]
	return s
}

func defaultFront(name string, port int) Service {
	return Service{
		Name: name, Enabled: true, Port: port, LocalPort: port, Replicas: 2,
		Probes:    spec.Probes{Liveness: "/api/healthz", Readiness: "/api/healthz", ReadinessPeriodSeconds: 10, LivenessSeconds: frontLivenessSeconds, StartupSeconds: spec.DefaultStartupSeconds},
		Pods:      spec.Pods{GraceSeconds: spec.DefaultGraceSeconds},
		Resources: resources("100m", "128Mi", "200m", "256Mi"),
		SourceFiles: [][]string{
			{"package.json"},
			{"package-lock.json", "pnpm-lock.yaml", "yarn.lock"},
		},
	}
}

func resources(cpu, memory, cpuLimit, memoryLimit string) spec.Resources {
	return spec.Resources{
		Requests: spec.Quantities{CPU: cpu, Memory: memory, EphemeralStorage: ephemeralRequest},
		Limits:   spec.Quantities{CPU: cpuLimit, Memory: memoryLimit, EphemeralStorage: ephemeralLimit},
	}
}
