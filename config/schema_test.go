package config

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
)

// schemaFile lets an editor complete and check a stack's file.
const schemaFile = "../docs/stack.schema.json"

// object is a JSON object of a schema.
type object = map[string]any

func TestEditorSchema(t *testing.T) {
	text, err := json.MarshalIndent(stackSchema(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got := string(text) + "\n"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(schemaFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want, err := os.ReadFile(schemaFile); err != nil || string(want) != got {
		t.Errorf("%s is not what Pulumi.yaml and the types of config/ say (%v): go generate ./config", schemaFile, err)
	}
}

// stackSchema describes Pulumi.<stack>.yaml. Keys of providers are let through, and unknown keys of this project are not.
func stackSchema(t *testing.T) object {
	keys := object{}
	for _, k := range schemaKeys(t) {
		s := object{"type": k.kind}
		if shape, structured := shapes[k.name]; structured {
			s = schemaOf(reflect.TypeOf(shape))
		}
		switch {
		case k.name == keySecrets:
			s = object{"type": "object", "additionalProperties": encryptedSchema()}
		case k.kind == "secret":
			s = encryptedSchema()
		case k.kind == "integer" || k.kind == "boolean":
			s["type"] = []string{k.kind, "string"} // the CLI writes text
		}
		s["description"] = k.meaning
		keys[project+":"+k.name] = s
	}
	return object{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Pulumi.<stack>.yaml of the todo project", "type": "object",
		"properties": object{"config": object{
			"type": "object", "properties": keys,
			"patternProperties": object{"^(?!" + project + ":)": object{}}, "additionalProperties": false,
		}},
	}
}

// encryptedSchema is a value that `pulumi config set --secret` has encrypted.
func encryptedSchema() object {
	return object{"type": "object", "properties": object{"secure": object{"type": "string"}}, "required": []string{"secure"}, "additionalProperties": false}
}

func schemaOf(of reflect.Type) object {
	if of == reflect.TypeFor[publicOverride]() {
		return object{"oneOf": []object{{"type": "boolean"}, structSchema(of)}}
	}
	switch of.Kind() {
	case reflect.Pointer:
		return schemaOf(of.Elem())
	case reflect.Slice:
		return object{"type": "array", "items": schemaOf(of.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": schemaOf(of.Elem())}
	case reflect.Struct:
		return structSchema(of)
	case reflect.String:
		return object{"type": []string{"string", "number", "boolean"}} // numbers are taken as text
	}
	return object{"type": []string{kindOf(of), "string"}}
}

func structSchema(of reflect.Type) object {
	properties := object{}
	for _, f := range reflect.VisibleFields(of) {
		name := jsonName(f)
		if f.Anonymous || name == "-" || name == "" {
			continue
		}
		s := schemaOf(f.Type)
		if doc := f.Tag.Get("doc"); doc != "" {
			s["description"] = doc
			if allowed := f.Tag.Get("allowed"); allowed != "" {
				s["description"] = doc + " Allowed: " + strings.TrimSuffix(allowed, ".") + "."
			}
		}
		properties[name] = s
	}
	return object{"type": "object", "properties": properties, "additionalProperties": false}
}
