package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/containerd/errdefs"
	imagetypes "github.com/docker/docker/api/types/image"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"todo/lab/plugins/internal/serve"
)

type provider struct {
	serve.Base
	engine   *serve.Engine
	settings settings
}

func newProvider(engine *serve.Engine) *provider {
	return &provider{Base: serve.NewBase(info), engine: engine}
}

func (p *provider) CheckConfig(_ context.Context, r plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	response := plugin.CheckConfigResponse{Properties: r.News}
	s, err := settingsOf(r.News)
	if err != nil {
		response.Failures = append(response.Failures, plugin.CheckFailure{Reason: err.Error()})
	}
	for _, name := range s.unsupported {
		response.Failures = append(response.Failures, plugin.CheckFailure{Reason: name +
			" is not in the lab's stand-in for the docker plugin: set host to a unix:// or tcp:// address, or install the real plugin"})
	}
	return response, nil
}

func (p *provider) Configure(_ context.Context, r plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	s, err := settingsOf(r.Inputs)
	p.settings = s
	return plugin.ConfigureResponse{}, err
}

// Check works without an Engine, so that preview does. It adds build.contextDigest, which is how a changed file is
// noticed even when the name stays the same.
func (p *provider) Check(ctx context.Context, r plugin.CheckRequest) (plugin.CheckResponse, error) {
	if err := p.Supports(r.Type); err != nil {
		return plugin.CheckResponse{}, err
	}
	inputs := hidePassword(r.News.Copy())
	response := plugin.CheckResponse{Properties: inputs}
	if inputs.ContainsUnknowns() {
		return response, nil
	}
	// Without the property's key: Pulumi would print its whole value before the reason.
	fail := func(err error) {
		response.Failures = append(response.Failures, plugin.CheckFailure{Reason: err.Error()})
	}
	img := imageOf(inputs)
	if err := img.checkName(); err != nil {
		fail(err)
	}
	if img.Build.Builder == "BuilderV1" {
		fail(errors.New("builderVersion BuilderV1 is not in the lab's stand-in for the docker plugin: leave it out"))
	}
	if err := img.Build.checkFiles(); err != nil {
		fail(err)
		return response, nil
	}
	digest, err := img.Build.digest(ctx)
	if err != nil {
		return response, err
	}
	build := resource.PropertyMap{}
	if value := inputs["build"]; value.IsSecret() {
		build = value.SecretValue().Element.ObjectValue().Copy()
	} else if value.IsObject() {
		build = value.ObjectValue().Copy()
	}
	build["context"], build["dockerfile"] = resource.NewProperty(img.Build.Context), resource.NewProperty(img.Build.Dockerfile)
	build["platform"], build["contextDigest"] = resource.NewProperty(img.Build.Platform), resource.NewProperty(digest)
	value := resource.NewProperty(build)
	if inputs["build"].IsSecret() {
		value = resource.MakeSecret(value)
	}
	inputs["build"] = value
	return response, nil
}

// hidePassword makes the registry's password a secret even when the program forgot to: inputs are kept in the state.
func hidePassword(inputs resource.PropertyMap) resource.PropertyMap {
	if registry := inputs["registry"]; registry.IsObject() && registry.ObjectValue()["password"].IsString() {
		hidden := registry.ObjectValue().Copy()
		hidden["password"] = resource.MakeSecret(hidden["password"])
		inputs["registry"] = resource.NewProperty(hidden)
	}
	return inputs
}

// Diff asks for a build when anything that goes into the image or its name has changed. Credentials do not.
func (p *provider) Diff(_ context.Context, r plugin.DiffRequest) (plugin.DiffResult, error) {
	return serve.Diff(essential(r.OldInputs), essential(r.NewInputs), plugin.DiffUpdate), nil
}

func essential(inputs resource.PropertyMap) resource.PropertyMap {
	kept := inputs.Copy()
	delete(kept, "registry")
	delete(kept, "buildOnPreview")
	if server := imageOf(inputs).Registry.Server; server != "" {
		kept["registry"] = resource.NewProperty(server)
	}
	return kept
}

func (p *provider) Create(ctx context.Context, r plugin.CreateRequest) (plugin.CreateResponse, error) {
	img := imageOf(r.Properties)
	if r.Preview {
		return plugin.CreateResponse{ID: resource.ID(img.Name), Properties: planned(r.Properties)}, nil
	}
	outputs, err := p.provide(ctx, r.URN, img, !img.movingTag())
	return plugin.CreateResponse{ID: resource.ID(img.Name), Properties: outputs}, err
}

func (p *provider) Update(ctx context.Context, r plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	img := imageOf(r.NewInputs)
	if r.Preview {
		return plugin.UpdateResponse{Properties: planned(r.NewInputs)}, nil
	}
	// A name that stays while what is built changes says nothing about the content.
	sameName := imageOf(r.OldInputs).Name == img.Name
	outputs, err := p.provide(ctx, r.URN, img, !sameName && !img.movingTag())
	return plugin.UpdateResponse{Properties: outputs}, err
}

// planned are the outputs before the build: all but the digest, unless an input is not known yet either.
func planned(inputs resource.PropertyMap) resource.PropertyMap {
	outputs := resource.PropertyMap{}
	if !inputs.ContainsUnknowns() {
		outputs = imageOf(inputs).outputs()
	}
	outputs["repoDigest"] = resource.MakeComputed(resource.NewProperty(""))
	return outputs
}

// provide sees to it that the image is where it belongs, and returns the outputs. With reuse, an image that is already
// there under that name is taken as it is.
func (p *provider) provide(ctx context.Context, urn resource.URN, img image, reuse bool) (resource.PropertyMap, error) {
	ctx, cancel := p.Context(ctx)
	defer cancel()
	docker, err := connect(ctx, p.settings)
	if err != nil {
		return nil, err
	}
	defer docker.Close()
	known, err := loginsFor(p.settings, img)
	if err != nil {
		return nil, err
	}
	outputs := img.outputs()
	info := func(text string) { p.engine.Info(urn, text) }
	status := func(text string) { p.engine.Status(urn, text) }
	if reuse {
		digest, err := docker.find(ctx, img, known)
		if err == nil {
			info(img.Name + " is there already: nothing to build")
			outputs["repoDigest"] = resource.NewProperty(digest)
			return outputs, nil
		}
		if !errors.Is(err, errAbsent) {
			info(fmt.Sprintf("cannot tell whether %s is there already (%v): building it", img.Name, err))
		}
	}
	start := time.Now()
	if err := docker.build(ctx, img, known, newProgress(info, status)); err != nil {
		return nil, stopped(ctx, "building "+img.Name+" from "+img.Build.Dockerfile, err)
	}
	info(fmt.Sprintf("built %s  %.1fs", img.Name, time.Since(start).Seconds()))
	place := docker.find
	if !img.SkipPush {
		place = func(ctx context.Context, img image, known logins) (string, error) {
			return docker.push(ctx, img, known, status)
		}
	}
	start = time.Now()
	digest, err := place(ctx, img, known)
	if err != nil {
		return nil, stopped(ctx, "pushing "+img.Name, err)
	}
	if !img.SkipPush {
		info(fmt.Sprintf("pushed %s  %.1fs", digest, time.Since(start).Seconds()))
	}
	outputs["repoDigest"] = resource.NewProperty(digest)
	return outputs, nil
}

// stopped is the error of an operation that did not end well: by the user's wish, or by itself.
func stopped(ctx context.Context, doing string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("cancelled while %s", doing)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// current is the image as it was last built. The ID is only the name that the first one had: an update cannot change it.
func current(id resource.ID, inputs resource.PropertyMap) image {
	img := imageOf(inputs)
	if img.Name == "" {
		img.Name = string(id)
	}
	return img
}

// Read returns nothing when the image is gone, so that the next update builds it again. When that cannot be told, the
// state stays as it is.
func (p *provider) Read(ctx context.Context, r plugin.ReadRequest) (plugin.ReadResponse, error) {
	same := plugin.ReadResponse{ReadResult: plugin.ReadResult{ID: r.ID, Inputs: r.Inputs, Outputs: r.State}}
	img := current(r.ID, r.Inputs)
	docker, err := connect(ctx, p.settings)
	if err != nil {
		p.engine.Warning(r.URN, fmt.Sprintf("cannot tell whether %s is still there: %v", img.Name, err))
		return same, nil
	}
	defer docker.Close()
	known, err := loginsFor(p.settings, img)
	if err != nil {
		return same, err
	}
	digest, err := docker.find(ctx, img, known)
	switch {
	case errors.Is(err, errAbsent):
		return plugin.ReadResponse{}, nil
	case err != nil:
		p.engine.Warning(r.URN, fmt.Sprintf("cannot tell whether %s is still there: %v", img.Name, err))
		return same, nil
	}
	same.Outputs = r.State.Copy()
	same.Outputs["repoDigest"] = resource.NewProperty(digest)
	return same, nil
}

// Delete removes the name from the Engine. What is in a registry stays: others may run it. It never fails, as there is
// nothing that a user could do about a leftover image and the destroy would hang on it.
func (p *provider) Delete(ctx context.Context, r plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	name := current(r.ID, r.Inputs).Name
	docker, err := connect(ctx, p.settings)
	if err != nil {
		p.engine.Warning(r.URN, fmt.Sprintf("%s stays in the Docker Engine: %v", name, err))
		return plugin.DeleteResponse{}, nil
	}
	defer docker.Close()
	_, err = docker.ImageRemove(ctx, name, imagetypes.RemoveOptions{})
	if err != nil && !errdefs.IsNotFound(err) {
		p.engine.Warning(r.URN, fmt.Sprintf("%s stays in the Docker Engine: %v", name, err))
	}
	return plugin.DeleteResponse{}, nil
}
