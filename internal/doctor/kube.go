package doctor

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// What the doctor reads of Kubernetes' objects. Only these fields are decoded: client-go would cost every fresh clone a
// minute of compiling for what a few structs say.

type meta struct {
	Name, UID                            string
	Generation                           int64
	CreationTimestamp, DeletionTimestamp time.Time
	Labels, Annotations                  map[string]string
	OwnerReferences                      []struct{ Kind, Name, UID string }
}

func (m meta) ownedBy(uid string) bool {
	return slices.ContainsFunc(m.OwnerReferences, func(o struct{ Kind, Name, UID string }) bool { return o.UID == uid })
}

type condition struct{ Type, Status, Reason, Message string }

// controller is a Deployment, StatefulSet, Job or ReplicaSet.
type controller struct {
	Kind     string
	Metadata meta
	Spec     struct {
		Replicas    *int
		Completions *int
		Suspend     bool
		Template    struct{ Spec podSpec }
	}
	Status struct {
		ObservedGeneration                           int64
		Replicas, UpdatedReplicas, AvailableReplicas int
		ReadyReplicas, Active, Succeeded, Failed     int
		CurrentRevision, UpdateRevision              string
		Conditions                                   []condition
	}
}

func (c controller) condition(kind string) condition { return find(c.Status.Conditions, kind) }

func find(all []condition, kind string) condition {
	for _, c := range all {
		if c.Type == kind {
			return c
		}
	}
	return condition{}
}

type container struct {
	Name, Image string
	Resources   struct{ Requests, Limits map[string]string }
	Env         []struct {
		Name      string
		ValueFrom struct{ SecretKeyRef, ConfigMapKeyRef struct{ Name, Key string } }
	}
	LivenessProbe, ReadinessProbe, StartupProbe *probe
	VolumeMounts                                []struct{ Name, MountPath string }
}

type probe struct {
	HTTPGet *struct {
		Path string
		Port any
	}
	FailureThreshold int
}

type podSpec struct {
	NodeName                   string
	NodeSelector               map[string]string
	Containers, InitContainers []container
	Volumes                    []struct {
		PersistentVolumeClaim *struct{ ClaimName string }
	}
}

func (s podSpec) container(name string) container {
	for _, c := range slices.Concat(s.Containers, s.InitContainers) {
		if c.Name == name {
			return c
		}
	}
	return container{Name: name}
}

type terminated struct {
	ExitCode        int
	Signal          int
	Reason, Message string
	FinishedAt      time.Time
}

type containerStatus struct {
	Name         string
	Ready        bool
	RestartCount int
	State        struct {
		Waiting    *struct{ Reason, Message string }
		Running    *struct{ StartedAt time.Time }
		Terminated *terminated
	}
	LastState struct{ Terminated *terminated }
}

type pod struct {
	Metadata meta
	Spec     podSpec
	Status   struct {
		Phase, Reason, Message                   string
		Conditions                               []condition
		ContainerStatuses, InitContainerStatuses []containerStatus
	}
}

func (p pod) ready() bool { return find(p.Status.Conditions, "Ready").Status == "True" }

type event struct {
	Type, Reason, Message string
	Count                 int
	InvolvedObject        struct{ Kind, Name, UID, FieldPath string }
	LastTimestamp         *time.Time
	EventTime             *time.Time
	Metadata              meta
}

func (e event) at() time.Time {
	for _, t := range []*time.Time{e.LastTimestamp, e.EventTime} {
		if t != nil && !t.IsZero() {
			return *t
		}
	}
	return e.Metadata.CreationTimestamp
}

type claim struct {
	Metadata meta
	Spec     struct{ StorageClassName *string }
	Status   struct{ Phase string }
}

// objects is a namespace as it was read in one go.
type objects struct {
	workloads   []controller // Deployments, StatefulSets and Jobs
	replicaSets []controller
	pods        []pod
	events      []event
	claims      []claim
}

// kinds is what objects are read from, as kubectl names them.
const kinds = "deployments,statefulsets,jobs,replicasets,pods,events,persistentvolumeclaims"

func parseObjects(text []byte) (*objects, error) {
	var list struct{ Items []json.RawMessage }
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("reading the namespace's objects: %w", err)
	}
	o := &objects{}
	for _, item := range list.Items {
		var head struct{ Kind string }
		if err := json.Unmarshal(item, &head); err != nil {
			return nil, fmt.Errorf("reading an object: %w", err)
		}
		var err error
		switch head.Kind {
		case "Deployment", "StatefulSet", "Job":
			err = add(item, &o.workloads)
		case "ReplicaSet":
			err = add(item, &o.replicaSets)
		case "Pod":
			err = add(item, &o.pods)
		case "Event":
			err = add(item, &o.events)
		case "PersistentVolumeClaim":
			err = add(item, &o.claims)
		}
		if err != nil {
			return nil, fmt.Errorf("reading a %s: %w", head.Kind, err)
		}
	}
	slices.SortFunc(o.workloads, func(a, b controller) int {
		return strings.Compare(a.service()+a.Kind+a.Metadata.Name, b.service()+b.Kind+b.Metadata.Name)
	})
	slices.SortStableFunc(o.events, func(a, b event) int { return a.at().Compare(b.at()) })
	return o, nil
}

func add[T any](item json.RawMessage, to *[]T) error {
	var one T
	if err := json.Unmarshal(item, &one); err != nil {
		return err
	}
	*to = append(*to, one)
	return nil
}

// service is what the workload is called by people: its name label, or its own name.
func (c controller) service() string {
	if name := c.Metadata.Labels["app.kubernetes.io/name"]; name != "" {
		return name
	}
	return c.Metadata.Name
}

// about are the events of some objects, oldest first.
func (o *objects) about(uids ...string) []event {
	var all []event
	for _, e := range o.events {
		if slices.Contains(uids, e.InvolvedObject.UID) {
			all = append(all, e)
		}
	}
	return all
}

// generation is what a workload's newest template made: the pods, and for a Deployment the ReplicaSet that makes them.
// old counts the Ready pods of earlier templates, which go on serving meanwhile.
func (o *objects) generation(w controller) (maker controller, pods []pod, old int) {
	maker = w
	if w.Kind == "Deployment" {
		best := -1
		for _, rs := range o.replicaSets {
			var revision int
			if _, err := fmt.Sscan(rs.Metadata.Annotations["deployment.kubernetes.io/revision"], &revision); err == nil &&
				rs.Metadata.ownedBy(w.Metadata.UID) && revision > best {
				maker, best = rs, revision
			}
		}
		for _, rs := range o.replicaSets {
			if rs.Metadata.ownedBy(w.Metadata.UID) && rs.Metadata.UID != maker.Metadata.UID {
				old += rs.Status.ReadyReplicas
			}
		}
	}
	for _, p := range o.pods {
		if p.Metadata.ownedBy(maker.Metadata.UID) && p.Metadata.DeletionTimestamp.IsZero() {
			pods = append(pods, p)
		}
	}
	return maker, pods, old
}
