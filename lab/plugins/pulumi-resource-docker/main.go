// Command pulumi-resource-docker stands in for the Pulumi plugin of that name where it cannot be downloaded. It really
// builds with BuildKit and really pushes, through the Docker Engine's API.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"todo/lab/plugins/internal/serve"
)

const imageType = "docker:index/image:Image"

var info = serve.Info{Package: "docker", Version: "4.10.0", Types: []string{imageType}}

func main() {
	serve.Main(info, func(engine *serve.Engine) plugin.Provider { return newProvider(engine) })
}
