package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Machine is the load of this machine, for a cluster that runs on it; zero when it runs elsewhere or the load is not
// known.
type Machine struct {
	Load float64 // of the last minute
	CPUs int
}

const (
	// A node is short of CPU when a process had to wait for one during half of the last minute. Nodes that do not
	// measure this (before Kubernetes 1.34, or with cgroups v1) are short when nearly all of their CPU is used.
	waitingPercent = 50
	usedPercent    = 90
	// The load of a node that is a container is its machine's: its own use says nothing about what runs beside it.
	loadPerCPU = 3
)

// Pressure is how short of CPU a node is.
type Pressure struct {
	Node      string
	Known     bool    // something could be measured
	Cores     float64 // that the node has; 0 is not known
	Used      float64 // of Cores
	Waiting   float64 // percent of the last minute in which a process waited for a CPU; below 0 is not known
	Machine   Machine
	podsUsing map[string]float64 // cores, by pod/container
}

// Short reports whether a container is slow because the node has no CPU for it.
func (p Pressure) Short() bool { return p.String() != "" }

// String is how the shortage shows; "" when there is none.
func (p Pressure) String() string {
	switch {
	case p.Machine.CPUs > 0 && p.Machine.Load >= float64(loadPerCPU*p.Machine.CPUs):
		return fmt.Sprintf("load %.0f on %d CPUs", p.Machine.Load, p.Machine.CPUs)
	case p.Waiting >= waitingPercent:
		return fmt.Sprintf("processes waited for a CPU %.0f%% of the last minute", p.Waiting)
	case p.Waiting < 0 && p.Cores > 0 && p.Used*100 >= p.Cores*usedPercent:
		return fmt.Sprintf("%.1f of %s CPUs are in use", p.Used, strconv.FormatFloat(p.Cores, 'f', -1, 64))
	}
	return ""
}

// ReadPressure asks the kubelet and, where that is not allowed, metrics-server. What cannot be read stays unknown.
func ReadPressure(ctx context.Context, kubectl Kubectl, node string, machine Machine) Pressure {
	p := Pressure{Node: node, Machine: machine, Known: machine.CPUs > 0, Waiting: -1, podsUsing: map[string]float64{}}
	if node == "" {
		return p
	}
	var object struct {
		Status struct{ Capacity map[string]string }
	}
	if decoded(ctx, kubectl, &object, "get", "node", node, "-o", "json") {
		if cores, ok := milli(object.Status.Capacity["cpu"]); ok {
			p.Cores = float64(cores) / 1000
		}
	}
	const nano = 1e9
	var summary struct {
		Node struct {
			CPU struct {
				UsageNanoCores *float64
				PSI            *struct{ Some struct{ Avg60 float64 } }
			}
		}
		Pods []struct {
			PodRef     struct{ Name, Namespace string }
			Containers []struct {
				Name string
				CPU  struct{ UsageNanoCores float64 }
			}
		}
	}
	read := decoded(ctx, kubectl, &summary, "get", "--raw", "/api/v1/nodes/"+node+"/proxy/stats/summary")
	if read && summary.Node.CPU.UsageNanoCores != nil {
		p.Known, p.Used = true, *summary.Node.CPU.UsageNanoCores/nano
		if psi := summary.Node.CPU.PSI; psi != nil {
			p.Waiting = psi.Some.Avg60
		}
		for _, pod := range summary.Pods {
			for _, c := range pod.Containers {
				p.podsUsing[pod.PodRef.Name+"/"+c.Name] = c.CPU.UsageNanoCores / nano
			}
		}
		return p
	}
	var metrics struct{ Usage struct{ CPU string } }
	if decoded(ctx, kubectl, &metrics, "get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes/"+node) {
		if used, err := strconv.ParseFloat(strings.TrimSuffix(metrics.Usage.CPU, "n"), 64); err == nil {
			p.Known, p.Used = true, used/nano
		}
	}
	return p
}

// decoded reads what kubectl prints as JSON; false when it fails, mostly because it is not allowed.
func decoded(ctx context.Context, kubectl Kubectl, to any, args ...string) bool {
	text, err := kubectl(ctx, args...)
	return err == nil && json.Unmarshal(text, to) == nil
}
