package config

import (
	"fmt"

	"todo/spec"
)

// resolve applies the overrides to the defaults. o may be nil.
func (o *autoscalingOverride) resolve(s *Service, production bool) spec.Autoscaling {
	if o == nil {
		o = &autoscalingOverride{}
	}
	a := spec.Autoscaling{
		// A service that is switched off with 0 replicas stays off.
		Enabled:     valueOr(o.Enabled, production && s.Replicas > 0 && s.Schedule == "" && s.Port != 0),
		MinReplicas: valueOr(o.MinReplicas, s.Replicas),
		CPUPercent:  valueOr(o.CPUPercent, defaultCPUPercent), MemoryPercent: valueOr(o.MemoryPercent, 0),
		ScaleDownSeconds: valueOr(o.ScaleDownSeconds, defaultScaleDownSeconds),
	}
	a.MaxReplicas = valueOr(o.MaxReplicas, defaultScale*a.MinReplicas)
	return a
}

func valueOr[T any](value *T, otherwise T) T {
	if value == nil {
		return otherwise
	}
	return *value
}

func (s Service) validateAutoscaling(key string, ps *problems) {
	a := s.Autoscaling
	if !a.Enabled {
		return
	}
	key += ".autoscaling."
	if a.MinReplicas < 1 {
		ps.refuse(key+"minReplicas", fmt.Sprint(a.MinReplicas), "an autoscaler keeps at least 1 pod", "2")
	} else if a.MaxReplicas < a.MinReplicas || a.MaxReplicas > 100 {
		ps.refuse(key+"maxReplicas", fmt.Sprint(a.MaxReplicas), fmt.Sprintf("allowed: minReplicas, %d, to 100", a.MinReplicas),
			fmt.Sprint(min(defaultScale*a.MinReplicas, 100)))
	}
	for name, percent := range map[string]int{"cpuPercent": a.CPUPercent, "memoryPercent": a.MemoryPercent} {
		if percent < 0 || percent > 1000 {
			ps.refuse(key+name, fmt.Sprint(percent), "allowed: 0 to 1000, in percent of the request", fmt.Sprint(defaultCPUPercent))
		}
	}
	if a.CPUPercent == 0 && a.MemoryPercent == 0 {
		ps.refuse(key+"cpuPercent", "0, and memoryPercent too", "an autoscaler has to look at one of them", fmt.Sprint(defaultCPUPercent))
	}
	if a.ScaleDownSeconds < 0 || a.ScaleDownSeconds > 3600 {
		ps.refuse(key+"scaleDownSeconds", fmt.Sprint(a.ScaleDownSeconds), "allowed: 0 to 3600", fmt.Sprint(defaultScaleDownSeconds))
	}
}
