// Package services has the names and ports of the three services: the one place that the Pulumi program (config) and the
// verbs behind make (ops) both read. It imports nothing, because ops must not wait for the Pulumi SDK to compile.
package services

// The names are those of the Kubernetes Services, which the pods find each other by, and of the folders of the sources.
const (
	Backend = "backend"
	Web     = "frontend-web"
	Chatbot = "frontend-chatbot"

	Database = "database" // the stack's own, in development: its Service and its StatefulSet
)

// The ports are what each service listens on, in its pod, behind its Service, and on localhost.
const (
	BackendPort = 8000
	WebPort     = 3000
	ChatbotPort = 3001

	// MetricsPort is where the backend serves /metrics: no Service and no exposure leads there.
	MetricsPort = 9090
)
