package doctor

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// shortestSecret is the length below which a value is not looked for: "1" or "on" would be found everywhere.
const shortestSecret = 4

// longLine is the length from which one line of a longer value is a secret of its own.
const longLine = 16

// redactor replaces the values of a namespace's Secrets, whole and in the forms in which programs print them.
type redactor struct{ values []redacted }

type redacted struct{ value, instead string }

// newRedactor reads `kubectl get secrets -o json`.
func newRedactor(text []byte) (*redactor, error) {
	var list struct {
		Items []struct{ Data map[string][]byte }
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("reading the namespace's Secrets: %w", err)
	}
	r := &redactor{}
	for _, s := range list.Items {
		for key, value := range s.Data {
			r.add(key, string(value))
		}
	}
	// The longest first: a URL is replaced whole, not only the password inside it.
	slices.SortStableFunc(r.values, func(a, b redacted) int { return cmp.Compare(len(b.value), len(a.value)) })
	return r, nil
}

func (r *redactor) add(key, value string) {
	instead := "[" + key + "]"
	forms := []string{value, strings.TrimSpace(value)}
	for line := range strings.Lines(value) { // a log has one line of a certificate at a time
		if line = strings.TrimSpace(line); len(line) >= longLine {
			forms = append(forms, line)
		}
	}
	if u, err := url.Parse(value); err == nil && u.User != nil {
		if password, set := u.User.Password(); set {
			forms = append(forms, password)
		}
		if _, raw, found := strings.Cut(value[:max(strings.LastIndex(value, "@"), 0)], "://"); found {
			_, password, _ := strings.Cut(raw, ":")
			forms = append(forms, password) // as it is written, percent-encoding included
		}
	}
	for _, form := range slices.Clone(forms) {
		forms = append(forms, url.QueryEscape(form), url.PathEscape(form), base64.StdEncoding.EncodeToString([]byte(form)), quotedInside(form))
	}
	slices.Sort(forms)
	for _, form := range slices.Compact(forms) {
		if len(form) >= shortestSecret {
			r.values = append(r.values, redacted{form, instead})
		}
	}
}

// quotedInside is a string as it looks inside a JSON log line.
func quotedInside(s string) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		return s
	}
	return strings.Trim(strings.TrimSpace(text.String()), `"`)
}

func (r *redactor) clean(text string) string {
	pairs := make([]string, 0, 2*len(r.values))
	for _, v := range r.values {
		pairs = append(pairs, v.value, v.instead)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
