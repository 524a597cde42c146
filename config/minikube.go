package config

import (
	"context"
	"encoding/json"
	"fmt"
)

// minikubeProfiles is the part of `minikube profile list -o json` that says where images have to go.
type minikubeProfiles struct {
	Valid []struct {
		Name   string
		Config struct {
			KubernetesConfig struct{ ContainerRuntime string }
		}
	} `json:"valid"`
}

// minikubeRuntime is the container runtime of a profile: docker, containerd or cri-o. Minikube's default was docker and is
// containerd in newer versions (kubernetes/minikube#23562), so the profile has to be asked. Under
// another runtime there is no Docker in Minikube to build with, whatever docker-env prints.
func minikubeRuntime(ctx context.Context, m machine, profile string) (string, error) {
	out, err := m.run(ctx, "minikube", "profile", "list", "--light", "-o", "json")
	if err != nil {
		return "", fmt.Errorf("minikube profile list: %w", err)
	}
	var profiles minikubeProfiles
	if err := json.Unmarshal(out, &profiles); err != nil {
		return "", fmt.Errorf("minikube profile list: its answer is not the JSON that was expected: %w", err)
	}
	for _, p := range profiles.Valid {
		if p.Name == profile {
			return or(p.Config.KubernetesConfig.ContainerRuntime, "docker"), nil // profiles of before 2022 have none
		}
	}
	return "", fmt.Errorf("minikube profile list: there is no profile %s", profile)
}
