package pulumitest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// At follows a dotted path into the inputs, as in "spec.template.spec.containers.0.image". A secret on the way is
// opened; Secret tells whether there was one. What is absent is null.
func (r Resource) At(path string) resource.PropertyValue {
	value, _ := r.follow(path)
	return value
}

// Secret tells whether the value at path, or something around it, is marked secret.
func (r Resource) Secret(path string) bool {
	_, secret := r.follow(path)
	return secret
}

// Text is the string at path, or "".
func (r Resource) Text(path string) string {
	v := r.At(path)
	if v.IsString() {
		return v.StringValue()
	}
	if v.IsNumber() {
		return strconv.FormatFloat(v.NumberValue(), 'f', -1, 64)
	}
	return ""
}

// JSON is the value at path in its canonical text, for comparing. Secrets appear in clear.
func (r Resource) JSON(path string) string {
	text, err := json.Marshal(plain(r.At(path)).Mappable())
	if err != nil {
		return fmt.Sprintf("cannot be shown: %v", err)
	}
	return string(text)
}

func (r Resource) follow(path string) (value resource.PropertyValue, secret bool) {
	value = resource.NewProperty(r.Inputs)
	for _, step := range strings.Split(path, ".") {
		if value.IsSecret() {
			value, secret = value.SecretValue().Element, true
		}
		switch {
		case value.IsObject():
			value = value.ObjectValue()[resource.PropertyKey(step)]
		case value.IsArray():
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(value.ArrayValue()) {
				return resource.NewNullProperty(), secret
			}
			value = value.ArrayValue()[i]
		default:
			return resource.NewNullProperty(), secret
		}
	}
	if value.IsSecret() {
		value, secret = value.SecretValue().Element, true
	}
	return value, secret
}

// plain opens every secret below a value.
func plain(v resource.PropertyValue) resource.PropertyValue {
	switch {
	case v.IsSecret():
		return plain(v.SecretValue().Element)
	case v.IsObject():
		out := resource.PropertyMap{}
		for k, e := range v.ObjectValue() {
			out[k] = plain(e)
		}
		return resource.NewProperty(out)
	case v.IsArray():
		var out []resource.PropertyValue
		for _, e := range v.ArrayValue() {
			out = append(out, plain(e))
		}
		return resource.NewProperty(out)
	}
	return v
}

// Leaks returns the paths at which text stands in the inputs without being marked secret.
func (r Resource) Leaks(text string) []string {
	var found []string
	var walk func(path string, v resource.PropertyValue)
	walk = func(path string, v resource.PropertyValue) {
		switch {
		case v.IsSecret():
		case v.IsString():
			if strings.Contains(v.StringValue(), text) {
				found = append(found, path)
			}
		case v.IsObject():
			for k, e := range v.ObjectValue() {
				walk(path+"."+string(k), e)
			}
		case v.IsArray():
			for i, e := range v.ArrayValue() {
				walk(fmt.Sprintf("%s.%d", path, i), e)
			}
		}
	}
	walk(r.Type+"/"+r.Name, resource.NewProperty(r.Inputs))
	return found
}

// Manifest is the whole of the inputs as JSON, which for a Kubernetes object is what the API server gets. Secrets appear in
// clear.
func (r Resource) Manifest() string {
	text, err := json.Marshal(plain(resource.NewProperty(r.Inputs)).Mappable())
	if err != nil {
		return fmt.Sprintf("cannot be shown: %v", err)
	}
	return string(text)
}
