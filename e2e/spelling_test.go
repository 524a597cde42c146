//go:build e2e

package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

// spellings are the ways in which a value is written down, by what each is called.
func spellings(value string) map[string]string {
	quoted, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	all := map[string]string{
		"as it is": value, "in JSON": strings.Trim(string(quoted), `"`), "percent-encoded": url.QueryEscape(value),
		"in hexadecimal": hex.EncodeToString([]byte(value)), "in base64": base64.RawStdEncoding.EncodeToString([]byte(value)),
	}
	// Within a longer text base64 depends on what goes before; the characters at both ends hold bits of the neighbours too.
	for before, name := range map[int]string{0: "in base64, of a longer text", 1: "in base64, after one byte", 2: "in base64, after two bytes"} {
		text := base64.RawStdEncoding.EncodeToString(append(make([]byte, before), value...))
		all[name] = text[(before*8+5)/6 : (before+len(value))*8/6]
	}
	return all
}

// search tells in which spelling a value occurs, "" when in none.
func search(text []byte, value string) string {
	for spelling, needle := range spellings(value) {
		if bytes.Contains(text, []byte(needle)) {
			return spelling
		}
	}
	return ""
}

// needles looks for every spelling of many values in one pass: image layers are hundreds of megabytes.
type needles struct {
	byStart [1 << 16][]needle // by their first two bytes
}

type needle struct{ text, name string }

func newNeedles(values map[string]string) *needles {
	n := &needles{}
	for key, value := range values {
		for spelling, text := range spellings(value) {
			start := uint16(text[0])<<8 | uint16(text[1])
			n.byStart[start] = append(n.byStart[start], needle{text, key + ", " + spelling})
		}
	}
	return n
}

// in returns what was found: key and spelling.
func (n *needles) in(text []byte) map[string]bool {
	found := map[string]bool{}
	for i := 0; i+1 < len(text); i++ {
		for _, needle := range n.byStart[uint16(text[i])<<8|uint16(text[i+1])] {
			if len(text)-i >= len(needle.text) && string(text[i:i+len(needle.text)]) == needle.text {
				found[needle.name] = true
			}
		}
	}
	return found
}

func TestSearchFindsEverySpelling(t *testing.T) {
	const value = "p+/w \"quoted\" & Ünicode"
	all := newNeedles(map[string]string{"KEY": value})
	for _, text := range []string{
		value, `{"a":"p+/w \"quoted\" \u0026 Ünicode"}`, "?a=p%2B%2Fw+%22quoted%22+%26+%C3%9Cnicode",
		hex.EncodeToString([]byte(value)), "cCsvdyAicXVvdGVkIiAmIMOcbmljb2Rl",
		base64.StdEncoding.EncodeToString([]byte("a" + value + "tail")), base64.StdEncoding.EncodeToString([]byte("ab" + value + "tail")),
		base64.StdEncoding.EncodeToString([]byte("abc" + value + "tail")),
	} {
		if search([]byte("…"+text+"…"), value) == "" || len(all.in([]byte("…"+text+"…"))) == 0 {
			t.Errorf("%q holds the value and is not found", text)
		}
	}
	if spelling := search([]byte("nothing of the kind"), value); spelling != "" || len(all.in([]byte("p+/w \"quoted\" & Ünicod"))) > 0 {
		t.Errorf("found %s where it is not", spelling)
	}
}
