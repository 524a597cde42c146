// Command todo is the Pulumi program of the Todo platform.
package main

import (
	_ "github.com/moby/patternmatcher"
	_ "github.com/moby/patternmatcher/ignorefile"
	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	k8s "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	_ "go.yaml.in/yaml/v3"
)

func main() {
	_ = docker.NewImage
	_ = k8s.NewProvider
	_ = random.NewRandomPassword
	pulumi.Run(func(*pulumi.Context) error { return nil })
}
