package config

import (
	"path/filepath"
	"strings"
)

// validateRender refuses what would put a secret into a file, or files where they do not belong.
func (c *Config) validateRender(ps *problems) {
	if c.RenderYAML == "" {
		return
	}
	if folder := filepath.Clean(c.RenderYAML); folder == "." || !filepath.IsLocal(folder) || strings.HasPrefix(folder, stateFolder) {
		ps.refuse(keyRenderYAML, quoted(c.RenderYAML), "allowed: a folder below this one, for manifests only", "rendered/"+c.Stack)
	} else if isFile(filepath.Join(c.Root, folder)) {
		ps.refuse(keyRenderYAML, quoted(c.RenderYAML), "it is a file", "rendered/"+c.Stack)
	}
	if c.ExternalSecrets == nil {
		ps.refuse(keyExternalSecrets, "not set", "renderYaml writes every Secret as readable text; with it the manifests name a store instead",
			"--path externalSecrets.store <store>")
	}
	if c.Images.Login != nil {
		ps.add(Problem{Key: keyRegistryPassword, Got: "set", Want: "renderYaml would write it as readable text; docker login does for pushing, imagePullSecrets for pulling",
			Fix: ps.remove(keyRegistryPassword) + " && " + ps.remove(keyRegistryUsername)})
	}
	if c.builds() && c.Images.Registry == "" && !c.Production { // validateImages has said it for production
		ps.refuse(keyRegistry, "not set", "the cluster that gets the manifests pulls its images from one", "registry.your-company.com")
	}
}
