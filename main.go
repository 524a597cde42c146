// Command todo is the Pulumi program: it turns the source of an application's services into a running application on
// Kubernetes.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/platform"
)

func main() {
	var run platform.Run
	pulumi.Run(run.Deploy, run.Read)
}
