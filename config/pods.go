package config

import "todo/spec"

// What a stack may say about the pods of one service, besides what they run.

// Zones tells whether pods spread over zones too.
func (c *Config) Zones() bool { return c.Production }

// podsOverride are settings of the pods. They stand beside the others in `services.<name>`, as users know them from there.
type podsOverride struct {
	Labels         map[string]string `json:"podLabels" default:"none" doc:"More labels of the pods, for example of a mesh." allowed:"labels, none of app.kubernetes.io/"`
	Annotations    map[string]string `json:"podAnnotations" default:"none" doc:"More annotations of the pods, for example of a mesh or a scraper." allowed:"annotations"`
	NodeSelector   map[string]string `json:"nodeSelector" default:"none" doc:"Labels of the nodes that the pods run on." allowed:"labels"`
	Tolerations    []spec.Toleration `json:"tolerations"`
	PriorityClass  string            `json:"priorityClassName" default:"the cluster's" doc:"PriorityClass of the pods; it has to exist." allowed:"a DNS name"`
	GraceSeconds   *int              `json:"terminationGracePeriodSeconds" default:"45" doc:"Seconds that a pod has to end: 10 in which it still serves, then its own drain." allowed:"15 to 3600"`
	ServiceAccount struct {
		Name        string            `json:"name" default:"generated" doc:"Fixed name of the ServiceAccount, as some clouds' identities need it." allowed:"a DNS name"`
		Existing    bool              `json:"existing" doc:"The ServiceAccount is there already: it is used, and not created." allowed:"true, false"`
		Annotations map[string]string `json:"annotations" default:"none" doc:"Annotations of the ServiceAccount, and of the backend that of its migration: a cloud's identity, such as eks.amazonaws.com/role-arn." allowed:"annotations"`
	} `json:"serviceAccount"`
}

type autoscalingOverride struct {
	Enabled          *bool `json:"enabled" default:"in production" doc:"A HorizontalPodAutoscaler sets the number of pods; needs metrics-server." allowed:"true, false"`
	MinReplicas      *int  `json:"minReplicas" default:"replicas" doc:"Pods at rest." allowed:"1 to maxReplicas"`
	MaxReplicas      *int  `json:"maxReplicas" default:"three times minReplicas" doc:"Pods under load; the quota has room for them. Of the backend, each holds 8 connections to the database." allowed:"minReplicas to 100"`
	CPUPercent       *int  `json:"cpuPercent" default:"70" doc:"Pods are added above this use of the CPU request, on average; 0 does not look at it." allowed:"0 to 1000"`
	MemoryPercent    *int  `json:"memoryPercent" default:"0" doc:"The same of the memory request. Memory that a server keeps after a peak keeps its pods too." allowed:"0 to 1000"`
	ScaleDownSeconds *int  `json:"scaleDownSeconds" default:"300" doc:"Seconds for which fewer pods have to be enough before the first one goes; then one a minute." allowed:"0 to 3600"`
}
