package main

import (
	"context"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"golang.org/x/crypto/bcrypt"
)

func inputs(m map[string]any) resource.PropertyMap { return resource.NewPropertyMapFromMap(m) }

func TestCheckRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		in   map[string]any
		want string // "" when accepted
	}{
		"what the program asks for":  {map[string]any{"length": 32.0, "special": false}, ""},
		"no length":                  {map[string]any{}, "length is 0"},
		"minimums above the length":  {map[string]any{"length": 3.0, "minLower": 2.0, "minUpper": 2.0}, "add up to 4"},
		"nothing to choose from":     {map[string]any{"length": 8.0, "lower": false, "upper": false, "numeric": false, "special": false}, "no characters"},
		"the older name of numeric":  {map[string]any{"length": 8.0, "lower": false, "upper": false, "number": false, "special": false}, "no characters"},
		"a minimum of what is off":   {map[string]any{"length": 8.0, "special": false, "minSpecial": 1.0}, "special is false"},
		"a negative minimum":         {map[string]any{"length": 8.0, "minUpper": -1.0}, "must be 0 or more"},
		"an empty overrideSpecial":   {map[string]any{"length": 8.0, "overrideSpecial": ""}, ""},
		"unknown until another runs": {map[string]any{"length": 0.0, "keepers": resource.MakeComputed(resource.NewProperty(""))}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			response, err := newProvider().Check(context.Background(), plugin.CheckRequest{Type: "random:index/randomPassword:RandomPassword", News: inputs(c.in)})
			if err != nil {
				t.Fatal(err)
			}
			var said []string
			for _, f := range response.Failures {
				said = append(said, f.Reason)
			}
			if got := strings.Join(said, "; "); (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Errorf("failures %q, want %q", got, c.want)
			}
		})
	}
}

func TestOtherTypesAreRefusedWithTheWayOut(t *testing.T) {
	_, err := newProvider().Check(context.Background(), plugin.CheckRequest{Type: "random:index/randomPet:RandomPet"})
	if err == nil || !strings.Contains(err.Error(), "pulumi plugin install resource random 4.19.1") {
		t.Errorf("got %v", err)
	}
}

func TestDrawnPasswordsFollowTheRecipe(t *testing.T) {
	r := recipeOf(inputs(map[string]any{"length": 12.0, "minUpper": 2.0, "minNumeric": 3.0, "minSpecial": 1.0, "overrideSpecial": "é_", "lower": false}))
	seen := map[string]bool{}
	firstDigit := 0
	for range 500 {
		password, err := r.draw()
		if err != nil {
			t.Fatal(err)
		}
		seen[password] = true
		count := func(set string) (n int) {
			for _, c := range password {
				if strings.ContainsRune(set, c) {
					n++
				}
			}
			return n
		}
		upper, numeric, special := count(upperLetters), count(digits), count("é_")
		if upper < 2 || numeric < 3 || special < 1 || upper+numeric+special != 12 {
			t.Fatalf("%q: %d upper, %d numeric, %d special", password, upper, numeric, special)
		}
		if strings.Contains(digits, password[:1]) {
			firstDigit++
		}
	}
	if len(seen) != 500 {
		t.Errorf("%d different passwords of 500", len(seen))
	}
	if firstDigit < 50 { // the minimums are drawn class by class; without the shuffle no password begins with a digit
		t.Errorf("only %d of 500 begin with a digit: they are not shuffled", firstDigit)
	}
}

func TestCreate(t *testing.T) {
	in := inputs(map[string]any{"length": 32.0, "special": false})
	preview, err := newProvider().Create(context.Background(), plugin.CreateRequest{Properties: in, Preview: true})
	if err != nil || !preview.Properties["result"].IsSecret() || !preview.Properties["result"].ContainsUnknowns() {
		t.Errorf("preview: %v, result %v", err, preview.Properties["result"])
	}
	made, err := newProvider().Create(context.Background(), plugin.CreateRequest{Properties: in})
	if err != nil {
		t.Fatal(err)
	}
	if made.ID != "none" {
		t.Errorf("ID %q; the real plugin's is none", made.ID)
	}
	for _, key := range []resource.PropertyKey{"result", "bcryptHash"} {
		if !made.Properties[key].IsSecret() {
			t.Fatalf("%s is not secret", key)
		}
	}
	password := made.Properties["result"].SecretValue().Element.StringValue()
	hash := made.Properties["bcryptHash"].SecretValue().Element.StringValue()
	if err := bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)); err != nil || len(password) != 32 {
		t.Errorf("%d characters, bcrypt: %v", len(password), err)
	}
	if _, ok := in["result"]; ok {
		t.Error("the inputs were changed")
	}
}

func TestDiffReplaces(t *testing.T) {
	old := map[string]any{"length": 32.0, "special": false, "__defaults": []any{}}
	for name, c := range map[string]struct {
		in      map[string]any
		changed bool
	}{
		"nothing": {map[string]any{"length": 32.0, "special": false}, false},
		"length":  {map[string]any{"length": 33.0, "special": false}, true},
		"keepers": {map[string]any{"length": 32.0, "special": false, "keepers": map[string]any{"a": "b"}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := newProvider().Diff(context.Background(), plugin.DiffRequest{OldInputs: inputs(old), NewInputs: inputs(c.in)})
			if err != nil || (len(d.ReplaceKeys) > 0) != c.changed || (d.Changes == plugin.DiffSome) != c.changed {
				t.Errorf("%v, replaces %v, changes %v", err, d.ReplaceKeys, d.Changes)
			}
		})
	}
}
