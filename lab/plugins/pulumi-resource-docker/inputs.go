package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// image is an Image resource's inputs, with the real plugin's defaults.
type image struct {
	Name     string // repository[:tag]
	SkipPush bool
	Registry credentials
	Build    build
}

// build is what is built, and how.
type build struct {
	Context    string // folder; default "."
	Dockerfile string // path, from the project's folder and not from Context; default <Context>/Dockerfile
	Args       map[string]string
	Target     string
	Platform   string // default linux/<this machine's architecture>
	Network    string
	AddHosts   []string
	CacheFrom  []string
	Builder    string // BuilderBuildKit or BuilderV1
}

// credentials are a registry's. The password is a secret: it goes to the Docker Engine and nowhere else.
type credentials struct{ Server, Username, Password string }

// plain takes secrets and outputs off a value, for reading. Unknown values become nil.
func plain(value resource.PropertyValue) any {
	switch {
	case value.IsSecret():
		return plain(value.SecretValue().Element)
	case value.IsOutput() && value.OutputValue().Known:
		return plain(value.OutputValue().Element)
	case value.IsOutput(), value.IsComputed():
		return nil
	case value.IsObject():
		object := map[string]any{}
		for key, element := range value.ObjectValue() {
			object[string(key)] = plain(element)
		}
		return object
	case value.IsArray():
		var list []any
		for _, element := range value.ArrayValue() {
			list = append(list, plain(element))
		}
		return list
	case value.IsString():
		return value.StringValue()
	case value.IsBool():
		return value.BoolValue()
	case value.IsNumber():
		return value.NumberValue()
	}
	return nil
}

func text(v any) string {
	s, _ := v.(string) // absent, or not known yet: empty
	return s
}

func object(v any) map[string]any {
	o, _ := v.(map[string]any)
	return o
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func texts(v any) []string {
	var all []string
	for _, element := range list(v) {
		if s := text(element); s != "" {
			all = append(all, s)
		}
	}
	return all
}

// imageOf reads an Image's inputs.
func imageOf(inputs resource.PropertyMap) image {
	in := object(plain(resource.NewProperty(inputs)))
	b, registry := object(in["build"]), object(in["registry"])
	img := image{
		Name:     text(in["imageName"]),
		SkipPush: in["skipPush"] == true,
		Registry: credentials{text(registry["server"]), text(registry["username"]), text(registry["password"])},
		Build: build{
			Context: text(b["context"]), Dockerfile: text(b["dockerfile"]), Target: text(b["target"]), Platform: text(b["platform"]),
			Network: text(b["network"]), AddHosts: texts(b["addHosts"]), CacheFrom: texts(object(b["cacheFrom"])["images"]),
			Builder: text(b["builderVersion"]), Args: map[string]string{},
		},
	}
	for key, value := range object(b["args"]) {
		img.Build.Args[key] = text(value)
	}
	if img.Build.Context == "" {
		img.Build.Context = "."
	}
	if img.Build.Dockerfile == "" {
		img.Build.Dockerfile = filepath.Join(img.Build.Context, "Dockerfile")
	}
	if img.Build.Platform == "" {
		img.Build.Platform = "linux/" + runtime.GOARCH
	}
	return img
}

// outputs are what the real plugin returns, without the digest.
func (i image) outputs() resource.PropertyMap {
	dockerfile := i.Build.Dockerfile
	if relative, err := filepath.Rel(i.Build.Context, i.Build.Dockerfile); err == nil {
		dockerfile = filepath.ToSlash(relative)
	}
	return resource.NewPropertyMapFromMap(map[string]any{
		"baseImageName": i.Name, "imageName": i.Name, "registryServer": i.Registry.Server,
		"context": i.Build.Context, "dockerfile": dockerfile, "platform": i.Build.Platform,
	})
}

// checkName refuses a name that Docker would not take, or would push elsewhere than it seems.
func (i image) checkName() error {
	named, err := reference.ParseNormalizedNamed(i.Name)
	if err != nil {
		return fmt.Errorf("imageName %q is not repository[:tag]: %w", i.Name, err)
	}
	if _, digested := named.(reference.Digested); digested {
		return fmt.Errorf("imageName %q has a digest; a build gets its digest only when it is pushed: use repository[:tag]", i.Name)
	}
	first, _, slash := strings.Cut(i.Name, "/")
	if !i.SkipPush && (!slash || first != "localhost" && !strings.ContainsAny(first, ".:")) {
		return fmt.Errorf("imageName %q names no registry to push to: use registry/repository[:tag], or skipPush: true to keep it in the Docker Engine", i.Name)
	}
	return nil
}

// movingTag tells whether the name says nothing about the content: no tag, or latest.
func (i image) movingTag() bool {
	named, err := reference.ParseNormalizedNamed(i.Name)
	if err != nil {
		return true
	}
	tagged, ok := reference.TagNameOnly(named).(reference.Tagged)
	return !ok || tagged.Tag() == "latest"
}

// settings are the provider's own configuration.
type settings struct {
	Host, CertPath string
	CA, Cert, Key  string // PEM
	Registries     []credentials
	unsupported    []string
}

// settingsOf reads the provider's inputs. Nested ones arrive as JSON in a string.
func settingsOf(inputs resource.PropertyMap) (settings, error) {
	in := object(plain(resource.NewProperty(inputs)))
	s := settings{
		Host: text(in["host"]), CertPath: text(in["certPath"]),
		CA: text(in["caMaterial"]), Cert: text(in["certMaterial"]), Key: text(in["keyMaterial"]),
	}
	registries := in["registryAuth"]
	if encoded := text(registries); encoded != "" {
		if err := json.Unmarshal([]byte(encoded), &registries); err != nil {
			return s, fmt.Errorf("registryAuth is not a list: %w", err)
		}
	}
	for _, entry := range list(registries) {
		r := object(entry)
		s.Registries = append(s.Registries, credentials{text(r["address"]), text(r["username"]), text(r["password"])})
	}
	if text(in["context"]) != "" {
		s.unsupported = append(s.unsupported, "context")
	}
	if strings.HasPrefix(s.Host, "ssh://") {
		s.unsupported = append(s.unsupported, "host ssh://…")
	}
	return s, nil
}

// buildArgs are in the form that the Engine's API takes.
func (b build) buildArgs() map[string]*string {
	args := map[string]*string{}
	for _, key := range slices.Sorted(maps.Keys(b.Args)) {
		args[key] = new(b.Args[key])
	}
	return args
}
