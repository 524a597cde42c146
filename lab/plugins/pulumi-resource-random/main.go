// Command pulumi-resource-random stands in for the Pulumi plugin of that name where it cannot be downloaded.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"todo/lab/plugins/internal/serve"
)

var info = serve.Info{Package: "random", Version: "4.19.1", Types: []string{"random:index/randomPassword:RandomPassword"}}

func main() {
	serve.Main(info, func(*serve.Engine) plugin.Provider { return newProvider() })
}
