package platform

import (
	"cmp"
	"fmt"
	"strings"

	"todo/components"
	"todo/config"
	"todo/target"
)

// imagePlan is one service's image: everything known before anything is registered.
type imagePlan struct {
	service string
	args    components.ImageArgs
	version string // the image's tag or digest
}

// planImages hashes and stages the sources of all services that are built, so that an unreadable file stops the
// program while nothing exists yet.
func planImages(cfg *config.Config) ([]imagePlan, error) {
	var login *components.RegistryLogin
	if l := cfg.Images.Login; l != nil {
		login = &components.RegistryLogin{Username: l.Username, Password: secret(l.Password)}
	}
	var plans []imagePlan
	for _, s := range cfg.Services() {
		if s.ImageOf != "" {
			continue
		}
		args := components.ImageArgs{Reference: s.Image}
		if s.Built() {
			build := components.Build{
				Root:       cfg.Root,
				Context:    cfg.BuildContext(s),
				Dockerfile: cfg.Dockerfile(s),
				Target:     s.Build.Target,
				Args:       buildArgs(cfg, s),
				Platform:   cfg.Images.Platform,
			}
			tag, err := build.ContentTag()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.Name, err)
			}
			if build, err = build.Stage(cfg.StagingFolder(), s.Name, tag); err != nil {
				return nil, fmt.Errorf("%s: %w", s.Name, err)
			}
			build.Args = merged(build.Args, cfg.Images.Proxies) // after the tag
			args = components.ImageArgs{
				Repository: "todo/" + s.Name, Tag: tag, Build: build,
				Push:      cfg.Images.Registry != "",
				Login:     login,
				PinDigest: cfg.Production && cfg.Images.Registry != "",
			}
			switch {
			case args.Push:
				args.Repository = cfg.Images.Registry + "/" + args.Repository
			case cfg.Images.Loader != nil:
				args.Repository, args.Load = target.Prefix+args.Repository, cfg.Images.Loader.Load
			}
		}
		plans = append(plans, imagePlan{service: s.Name, args: args, version: cmp.Or(args.Tag, versionOf(s.Image))})
	}
	return plans, nil
}

// versionOf is a given reference's tag, or its digest.
func versionOf(reference string) string {
	name, digest, pinned := strings.Cut(reference, "@")
	if tag := name[strings.LastIndex(name, "/")+1:]; strings.Contains(tag, ":") {
		return tag[strings.Index(tag, ":")+1:]
	}
	if pinned {
		return digest
	}
	return "latest"
}

// buildArgs never hold a secret: they stay readable in the image's history.
func buildArgs(cfg *config.Config, s config.Service) map[string]string {
	args := map[string]string{}
	switch cfg.BaseImage(s) {
	case "python":
		args["PYTHON_IMAGE"] = cfg.Images.BaseImages.Python
	case "node":
		args["NODE_IMAGE"] = cfg.Images.BaseImages.Node
	}
	if s.Name == config.WebName {
		// Next.js writes NEXT_PUBLIC_* into the browser's code; an application that reads it there needs it now.
		args["NEXT_PUBLIC_API_URL"] = cmp.Or(cfg.APIURL(), s.Env["NEXT_PUBLIC_API_URL"])
	}
	return merged(args, cfg.BuildArgs(s))
}
