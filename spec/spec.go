// Package spec holds the plain types that the configuration and the components share: what Kubernetes is told about the
// pods of a service. It imports nothing, so that neither side depends on the other.
package spec

// Probes are HTTP paths on the service's port.
type Probes struct {
	Liveness               string
	Readiness              string
	ReadinessPeriodSeconds int // a database that sleeps when idle wants this long; default 10
	LivenessSeconds        int // a process that gives no answer for so long is started again; default 12, of a front 15
	StartupSeconds         int // after so long without a good answer a new pod is restarted; default 120
}

// Resources are Kubernetes quantities.
type Resources struct {
	Requests Quantities `json:"requests"`
	Limits   Quantities `json:"limits"`
}

// Quantities of one container.
type Quantities struct {
	CPU              string `json:"cpu" doc:"Cores." allowed:"a quantity, for example 250m; a request is at most its limit"`
	Memory           string `json:"memory" doc:"Bytes." allowed:"a quantity, for example 512Mi; a request is at most its limit"`
	EphemeralStorage string `json:"ephemeralStorage" doc:"Bytes of logs and scratch files on the node." allowed:"a quantity; a request is at most its limit"`
}

// Autoscaling sets the number of pods by what they use of their requests.
type Autoscaling struct {
	Enabled          bool // default: in production
	MinReplicas      int  // default: Replicas
	MaxReplicas      int  // default: three times MinReplicas
	CPUPercent       int  // of the CPU request that the pods use on average; 0 is not looked at
	MemoryPercent    int  // the same of memory
	ScaleDownSeconds int  // the load has to stay low for so long before pods go
}

// Pods is what a stack adds to the pods of one service.
type Pods struct {
	Labels                    map[string]string
	Annotations               map[string]string
	NodeSelector              map[string]string
	Tolerations               []Toleration
	PriorityClass             string            // "" is the cluster's default
	GraceSeconds              int               // between SIGTERM and the kill, a sleep of 10 s included; default 45
	ServiceAccountAnnotations map[string]string // a cloud's identity
}

// Toleration lets pods onto nodes with a taint; it is Kubernetes' own.
type Toleration struct {
	Key      string `json:"key" doc:"Taint's key; without it every taint, with operator Exists." allowed:"a label's name"`
	Operator string `json:"operator" default:"Equal" doc:"How key and value are compared with the taint's." allowed:"Equal, Exists"`
	Value    string `json:"value" doc:"Taint's value, with operator Equal." allowed:"a label's value"`
	Effect   string `json:"effect" doc:"Taint's effect; without it all three." allowed:"NoSchedule, PreferNoSchedule, NoExecute"`
	Seconds  *int   `json:"tolerationSeconds" doc:"How long pods stay after such a taint came, with effect NoExecute; for ever without it." allowed:"0 and more"`
}

// Destination is a TCP port outside the namespace that a service connects to.
type Destination struct {
	Port       int
	CIDR       string // "" is any address
	PublicOnly bool   // any address of the internet, none of a private network
}

// RemoteRef is one value in the store.
type RemoteRef struct {
	Key      string
	Property string // of a key that holds several values; "" is the whole
}

const (
	// DefaultLivenessSeconds let a hang be cured in 30 s: up to 4 s until the next probe, these, 3 s for the end, and
	// the rest for the start. They have to be longer than a peak of load, or the pods that are left are killed one
	// after the other. The path asks the process alone, so that a database that is away kills nobody.
	DefaultLivenessSeconds = 12
	// DefaultStartupSeconds is three times what the slowest start took that was seen (203 s). A restart does not make
	// a slow start faster, and a container that fails ends by itself.
	DefaultStartupSeconds = 600
	// DefaultGraceSeconds cover the sleep before SIGTERM (10 s), the server's own drain (30 s), and a margin.
	DefaultGraceSeconds = 45
)

// DatabaseName and DatabaseUser are those of the development database.
const (
	DatabaseName = "todo"
	DatabaseUser = "todo"
)
