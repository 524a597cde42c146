package components

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/spec"
)

// ignoreProxies keeps another proxy from being a change of the image. An image with another name is replaced instead of
// updated: an update would build with the proxies of the first build, and a replacement takes today's.
func ignoreProxies() []pulumi.ResourceOption {
	var paths []string
	for _, name := range spec.ProxyArgs {
		paths = append(paths, "build.args."+name)
	}
	return []pulumi.ResourceOption{pulumi.IgnoreChanges(paths), pulumi.ReplaceOnChanges([]string{"imageName"})}
}
