package main

import (
	"context"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"golang.org/x/crypto/bcrypt"

	"todo/lab/plugins/internal/serve"
)

// bcryptLimit is how many bytes bcrypt reads of a password; the real plugin cuts there too.
const bcryptLimit = 72

type provider struct{ serve.Base }

func newProvider() *provider { return &provider{serve.NewBase(info)} }

func (p *provider) Check(_ context.Context, r plugin.CheckRequest) (plugin.CheckResponse, error) {
	if err := p.Supports(r.Type); err != nil {
		return plugin.CheckResponse{}, err
	}
	response := plugin.CheckResponse{Properties: r.News}
	if r.News.ContainsUnknowns() {
		return response, nil
	}
	if err := recipeOf(r.News).check(); err != nil {
		for line := range strings.Lines(err.Error()) {
			response.Failures = append(response.Failures, plugin.CheckFailure{Reason: strings.TrimSpace(line)})
		}
	}
	return response, nil
}

// Diff replaces for every change: a drawn password has no part that could be changed alone.
func (p *provider) Diff(_ context.Context, r plugin.DiffRequest) (plugin.DiffResult, error) {
	return serve.Diff(r.OldInputs, r.NewInputs, plugin.DiffUpdateReplace), nil
}

func (p *provider) Create(_ context.Context, r plugin.CreateRequest) (plugin.CreateResponse, error) {
	outputs := r.Properties.Copy()
	recipe := recipeOf(r.Properties)
	outputs["length"] = resource.NewProperty(float64(recipe.length))
	for _, c := range recipe.classes {
		outputs[resource.PropertyKey(c.name)] = resource.NewProperty(c.use)
		outputs[resource.PropertyKey("min"+strings.ToUpper(c.name[:1])+c.name[1:])] = resource.NewProperty(float64(c.min))
	}
	outputs["number"] = outputs["numeric"] // the older name of the same setting
	if r.Preview {
		unknown := resource.MakeSecret(resource.MakeComputed(resource.NewProperty("")))
		outputs["result"], outputs["bcryptHash"] = unknown, unknown
		return plugin.CreateResponse{Properties: outputs}, nil
	}
	password, err := recipe.draw()
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password[:min(len(password), bcryptLimit)]), bcrypt.DefaultCost)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	outputs["result"] = resource.MakeSecret(resource.NewProperty(password))
	outputs["bcryptHash"] = resource.MakeSecret(resource.NewProperty(string(hash)))
	return plugin.CreateResponse{ID: "none", Properties: outputs}, nil
}

// Read returns the state as it is: a drawn password lives nowhere else.
func (p *provider) Read(_ context.Context, r plugin.ReadRequest) (plugin.ReadResponse, error) {
	return plugin.ReadResponse{ReadResult: plugin.ReadResult{ID: r.ID, Inputs: r.Inputs, Outputs: r.State}}, nil
}

func (p *provider) Delete(context.Context, plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	return plugin.DeleteResponse{}, nil
}

// recipeOf reads the inputs; what is absent or not known yet has the real plugin's default.
func recipeOf(inputs resource.PropertyMap) recipe {
	get := func(key resource.PropertyKey) resource.PropertyValue {
		value := inputs[key]
		if value.IsSecret() {
			value = value.SecretValue().Element
		}
		return value
	}
	number := func(key resource.PropertyKey) int {
		if value := get(key); value.IsNumber() {
			return int(value.NumberValue())
		}
		return 0
	}
	flag := func(names ...resource.PropertyKey) bool {
		for _, key := range names {
			if value := get(key); value.IsBool() {
				return value.BoolValue()
			}
		}
		return true
	}
	special := specials
	if value := get("overrideSpecial"); value.IsString() && value.StringValue() != "" {
		special = value.StringValue()
	}
	return recipe{length: number("length"), classes: []class{
		{"lower", lowerLetters, flag("lower"), number("minLower")},
		{"upper", upperLetters, flag("upper"), number("minUpper")},
		{"numeric", digits, flag("numeric", "number"), number("minNumeric")},
		{"special", special, flag("special"), number("minSpecial")},
	}}
}
