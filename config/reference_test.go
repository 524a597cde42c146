package config

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// referenceFile is written by this test, so that it cannot say anything else than the program does.
const referenceFile = "../docs/configuration.md"

func TestReference(t *testing.T) {
	got := referenceText(t)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(referenceFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want, err := os.ReadFile(referenceFile); err != nil || string(want) != got {
		t.Errorf("%s is not what Pulumi.yaml and the types of config/ say (%v): go generate ./config", referenceFile, err)
	}
}

func TestEveryObjectHasAShape(t *testing.T) {
	for key, d := range declared(t) {
		if key == keySecrets {
			continue // an object, but a secret has no type in Pulumi.yaml; its names are the user's own
		}
		if _, found := shapes[key]; found != (d.Type == "object" || d.Type == "array") {
			t.Errorf("%s has type %q in Pulumi.yaml and shape %t in the program: the reference would not list its fields", key, d.Type, found)
		}
	}
}

// referenceText is the text of docs/configuration.md.
func referenceText(t *testing.T) string {
	var out strings.Builder
	out.WriteString(`<!-- Made by go generate ./config from Pulumi.yaml and the types of config/. -->
# Configuration

` + "Every key of a stack, set with `pulumi config set -s <stack> <key> <value>`; a secret with `--secret`, a field of an object" + `
` + "with `--path`, as in `pulumi config set -s dev --path 'services[\"frontend-web\"].replicas' 3`. What is not set has its default." + `
A mistake is refused before anything is created or changed. The message has the command that corrects it. An editor completes and checks the file
with [stack.schema.json](stack.schema.json): begin it with ` + "`# yaml-language-server: $schema=docs/stack.schema.json`." + `
`)
	table := func(columns ...string) {
		for i, text := range columns {
			columns[i] = markdown.Replace(text)
		}
		fmt.Fprintf(&out, "| %s |\n", strings.Join(columns, " | "))
	}
	for _, k := range schemaKeys(t) {
		if k.section != "" {
			fmt.Fprintf(&out, "\n## %s\n\n", k.section)
			table("key", "type", "default", "meaning")
			table("---", "---", "---", "---")
		}
		table("`"+k.name+"`", k.kind, k.otherwise, k.meaning)
	}

	services := knownServices()
	fmt.Fprintf(&out, "\n## Fields of `services.<name>`\n\n%s are there with defaults; any other name adds a service, and needs `source` or `image`.\n\n", codes(services[0].Name, services[1].Name, services[2].Name))
	table("field", "type", "default", "allowed", "meaning")
	table("---", "---", "---", "---", "---")
	fields(t, reflect.TypeFor[serviceOverride](), "", func(path string, f reflect.StructField) {
		table("`"+path+"`", kindOf(f.Type), defaults(f, path, services), f.Tag.Get("allowed"), f.Tag.Get("doc"))
	})

	for _, key := range sortedShapes() {
		shape := reflect.TypeOf(shapes[key])
		if shape.Kind() == reflect.Slice {
			shape = shape.Elem()
		}
		if shape.Kind() != reflect.Struct {
			continue // images has no fields, services has its own table
		}
		fmt.Fprintf(&out, "\n## Fields of `%s`\n\n", key)
		table("field", "type", "default", "allowed", "meaning")
		table("---", "---", "---", "---", "---")
		fields(t, shape, "", func(path string, f reflect.StructField) {
			table("`"+path+"`", kindOf(f.Type), otherwise(f, path, programs[key]), f.Tag.Get("allowed"), f.Tag.Get("doc"))
		})
	}
	return out.String()
}

// programs are the defaults that the program applies to an object's fields, in the object's own shape. What a default tag says
// comes first; a field that neither has is none, false or 0 by default.
var programs = map[string]any{
	keyBaseImages:    defaultBaseImages,
	keyMigration:     defaultMigration,
	keyDatabase:      databaseOverride{Storage: defaultStorage},
	keyObservability: Observability{Metrics: NoMetrics, Alerts: NoAlerts, Namespace: defaultScraperNamespace},
	keyGateway:       GatewayConfig{HTTPPort: httpPort, HTTPSPort: httpsPort, HTTPListener: defaultHTTPListener, HTTPSListener: defaultHTTPSListener},
	keyAIOps: aiopsOverride{Kagent: kagentOverride{
		Version: defaultKagentVersion, Charts: defaultKagentCharts, Namespace: defaultKagentNamespace, Provider: defaultKagentProvider,
	}},
}

// otherwise is the default of one field.
func otherwise(f reflect.StructField, path string, defaults any) string {
	if given, tagged := f.Tag.Lookup("default"); tagged {
		return given
	}
	if defaults == nil {
		return code(reflect.Zero(f.Type).Interface())
	}
	return code(valueAt(reflect.ValueOf(defaults), strings.Split(path, ".")))
}

// markdown keeps placeholders from being read as HTML, and text from ending its cell.
var markdown = strings.NewReplacer("<", "&lt;", "|", "\\|")

// schemaKey is one key of Pulumi.yaml, as the reference shows it.
type schemaKey struct{ section, name, kind, otherwise, meaning string }

var (
	bracketed = regexp.MustCompile(`^(.*) \[(.*)\]\.?$`)
	heading   = regexp.MustCompile(`# (.+)$`)
)

// schemaKeys reads Pulumi.yaml in its own order, with the comments that begin its sections.
func schemaKeys(t *testing.T) []schemaKey {
	t.Helper()
	text, err := os.ReadFile("../Pulumi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Config yaml.Node `yaml:"config"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	all := declared(t)
	var keys []schemaKey
	for i := 0; i < len(file.Config.Content); i += 2 {
		node := file.Config.Content[i]
		d := all[node.Value]
		k := schemaKey{name: node.Value, kind: or(d.Type, "secret"), meaning: d.Description, otherwise: code(d.Default)}
		if m := heading.FindStringSubmatch(node.HeadComment); m != nil {
			k.section = m[1]
		}
		if m := bracketed.FindStringSubmatch(d.Description); m != nil {
			k.meaning, k.otherwise = m[1]+".", m[2]
		}
		keys = append(keys, k)
	}
	return keys
}

// fields visits the leaves of a type in their order. A leaf without doc is a mistake: it would be a row that says nothing.
func fields(t *testing.T, of reflect.Type, prefix string, visit func(path string, f reflect.StructField)) {
	t.Helper()
	for i := range of.NumField() {
		f := of.Field(i)
		if f.Anonymous { // its fields stand beside the others
			fields(t, f.Type, prefix, visit)
			continue
		}
		if jsonName(f) == "-" {
			continue
		}
		path := strings.TrimPrefix(prefix+"."+jsonName(f), ".")
		below := f.Type
		if below.Kind() == reflect.Pointer {
			below = below.Elem()
		}
		if below.Kind() == reflect.Slice && below.Elem().Kind() == reflect.Struct {
			below, path = below.Elem(), path+"[]"
		}
		if below.Kind() == reflect.Struct {
			fields(t, below, path, visit)
			continue
		}
		if f.Tag.Get("doc") == "" {
			t.Errorf("%s of %s has no doc tag: docs/configuration.md would not say what it means", path, of)
		}
		visit(path, f)
	}
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

func kindOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return kindOf(t.Elem())
	case reflect.Int:
		return "integer"
	case reflect.Bool:
		return "boolean"
	case reflect.Slice:
		return "list"
	case reflect.Map:
		return "object"
	default:
		return t.Kind().String()
	}
}

// defaults are those of the topology: a field of Service under the same path as the override's. One that all services
// share is named once.
func defaults(f reflect.StructField, path string, services []Service) string {
	if given, tagged := f.Tag.Lookup("default"); tagged {
		return given
	}
	var values []string
	for _, s := range services {
		values = append(values, code(valueAt(reflect.ValueOf(s), strings.Split(path, "."))))
	}
	if len(slices.Compact(slices.Clone(values))) == 1 {
		return values[0]
	}
	var named []string
	for i, s := range services {
		named = append(named, s.Name+" "+values[i])
	}
	return strings.Join(named, ", ")
}

// valueAt follows the names that a path has in JSON; the Go names differ by case only. nil is no such field.
func valueAt(v reflect.Value, path []string) any {
	for _, name := range path {
		for v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return nil
			}
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct {
			return nil
		}
		v = v.FieldByNameFunc(func(field string) bool { return strings.EqualFold(field, name) })
		if !v.IsValid() {
			return nil
		}
	}
	return v.Interface()
}

// code is a value as the user would write it; nothing at all is "none".
func code(v any) string {
	if list, ok := v.([]string); ok && len(list) > 0 {
		return codes(list...)
	}
	text, err := json.Marshal(v)
	if s := strings.Trim(string(text), `"`); err == nil && !slices.Contains([]string{"", "null", "{}", "[]"}, s) {
		return "`" + s + "`"
	}
	return "none"
}

func codes(names ...string) string { return "`" + strings.Join(names, "`, `") + "`" }

func sortedShapes() []string {
	var keys []string
	for key := range shapes {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
