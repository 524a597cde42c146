// Command pulumi-resource-kubernetes is the real Pulumi plugin of that name, built from its published Go module for
// machines that cannot download the binary.
//
// The build puts the plugin's schema and mapping, 8 MB of JSON that the module carries, beside this file (lab/tools.go,
// Prepare). Without them there is nothing to embed, so this folder does not compile as it is.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

//go:embed schema.json
var schema []byte

//go:embed terraform-mapping.json
var mapping []byte

// version is the release that the module in go.mod is the commit of. The SDK in the program's go.mod is the same.
const version = "4.25.0"

func main() { provider.Serve("kubernetes", version, schema, mapping) }
