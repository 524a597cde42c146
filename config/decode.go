package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// object reads a key that holds an object or a list into out, which keeps its value when the key is absent. encoding/json
// stops at the first mistake and finds names in any case; a user gets every mistake, with its path and what it should be.
func (l *loader) object(key string, out any) {
	raw := l.in.Values[key].Text
	if raw == "" {
		return
	}
	decoder := json.NewDecoder(strings.NewReader(raw))
	decoder.UseNumber()
	var given any
	if err := decoder.Decode(&given); err != nil {
		l.ps.add(Problem{Key: key, Got: "neither an object nor a list", Want: "it must be " + nounOf(reflect.TypeOf(out).Elem()), Fix: l.ps.remove(key)})
		return
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		l.ps.add(Problem{Key: key, Got: "text after the value", Want: "it must be one value", Fix: l.ps.remove(key)})
		return
	}
	before := len(l.ps.list)
	given = l.ps.compare(key, given, reflect.TypeOf(out).Elem())
	if len(l.ps.list) > before {
		return
	}
	fitting, err := json.Marshal(given)
	if err == nil {
		err = json.Unmarshal(fitting, out)
	}
	if err != nil {
		l.ps.add(Problem{Key: key, Got: "cannot be read: " + err.Error(), Want: "it must be of the documented shape", Fix: l.ps.remove(key)})
	}
}

// compare refuses whatever does not fit the type, and returns the rest as it is to be read. null is absent, as in encoding/json.
func (ps *problems) compare(path string, given any, want reflect.Type) any {
	if want.Kind() == reflect.Pointer {
		want = want.Elem()
	}
	switch v := given.(type) {
	case string:
		given = unpacked(v, want)
	case json.Number: // pulumi config set --path writes a number or true where text is meant
		if want.Kind() == reflect.String {
			given = v.String()
		}
	case bool:
		if want.Kind() == reflect.String {
			given = strconv.FormatBool(v)
		} else if want == reflect.TypeFor[publicOverride]() { // public: true is short for an object
			given = map[string]any{"enabled": v}
		}
	}
	fits := given == nil
	switch v := given.(type) {
	case map[string]any:
		fits = ps.compareObject(path, v, want)
	case []any:
		if fits = want.Kind() == reflect.Slice; fits {
			for i, element := range v {
				v[i] = ps.compare(fmt.Sprintf("%s[%d]", path, i), element, want.Elem())
			}
		}
	case json.Number:
		if fits = want.Kind() == reflect.Int; fits {
			if n, err := strconv.Atoi(v.String()); err != nil || int64(n) != int64(int32(n)) {
				ps.add(Problem{Key: path, Got: v.String(), Want: "it must be a whole number of ordinary size", Fix: ps.remove(path)})
			}
		}
	case string:
		fits = want.Kind() == reflect.String
	case bool:
		fits = want.Kind() == reflect.Bool
	}
	if !fits {
		ps.add(Problem{Key: path, Got: nounOfValue(given), Want: "it must be " + nounOf(want), Fix: ps.remove(path)})
	}
	return given
}

// unpacked reads a list or an object out of the text that `pulumi config set --path` makes of one: as a whole key it would be
// read as JSON, below one it stays text.
func unpacked(text string, want reflect.Type) any {
	switch want.Kind() {
	case reflect.Int:
		if _, err := strconv.Atoi(text); err == nil {
			return json.Number(text)
		}
		return text
	case reflect.Bool:
		if on, err := strconv.ParseBool(text); err == nil {
			return on
		}
		return text
	}
	if on, err := strconv.ParseBool(text); err == nil && want == reflect.TypeFor[publicOverride]() {
		return map[string]any{"enabled": on}
	}
	if !slices.Contains([]reflect.Kind{reflect.Slice, reflect.Map, reflect.Struct}, want.Kind()) {
		return text
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var given any
	if err := decoder.Decode(&given); err != nil || decoder.More() {
		return text
	}
	switch given.(type) {
	case []any, map[string]any:
		return given
	}
	return text
}

func (ps *problems) compareObject(path string, given map[string]any, want reflect.Type) (fits bool) {
	switch want.Kind() {
	case reflect.Map:
		for _, name := range slices.Sorted(maps.Keys(given)) {
			given[name] = ps.compare(join(path, name), given[name], want.Elem())
		}
		return true
	case reflect.Struct:
		known := map[string]reflect.Type{}
		for _, f := range reflect.VisibleFields(want) {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); !f.Anonymous && name != "-" {
				known[name] = f.Type
			}
		}
		for _, name := range slices.Sorted(maps.Keys(given)) {
			if field, found := known[name]; found {
				given[name] = ps.compare(join(path, name), given[name], field)
				continue
			}
			ps.add(Problem{Key: join(path, name), Got: "unknown field", Want: suggestion(name, slices.Sorted(maps.Keys(known))), Fix: ps.remove(join(path, name))})
		}
		return true
	}
	return false
}

// join is the path of a field, in the syntax of the CLI's --path.
func join(path, name string) string {
	if name == "" || strings.ContainsAny(name, `.[]"\`) {
		return fmt.Sprintf("%s[%q]", path, name)
	}
	return path + "." + name
}

// suggestion is what to write instead of an unknown word.
func suggestion(word string, known []string) string {
	if guess := closest(word, known); guess != "" {
		return fmt.Sprintf("did you mean %s?", guess)
	}
	return "allowed: " + strings.Join(known, ", ")
}

func nounOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return nounOf(t.Elem())
	case reflect.Map, reflect.Struct:
		return "an object"
	case reflect.Slice:
		return "a list"
	case reflect.Int:
		return "a whole number"
	case reflect.Bool:
		return "true or false"
	default:
		return "text"
	}
}

// nounOfValue does not repeat the value: an object given by mistake may hold a secret.
func nounOfValue(given any) string {
	switch given.(type) {
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	case json.Number:
		return "a number"
	case bool:
		return "true or false"
	default:
		return "text"
	}
}
