package pulumitest

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

type component struct{ pulumi.ResourceState }

func TestDuplicatesAreFatal(t *testing.T) {
	_, _, err := Run(t, Options{}, func(ctx *pulumi.Context) error {
		for range 2 {
			if err := ctx.RegisterComponentResource("a:b:C", "same", &component{}); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "a:b:C/same is registered twice") {
		t.Errorf("two resources of one name ended with %v", err)
	}
}

func TestTreeDiff(t *testing.T) {
	old := "a/x: t:X\nb: t:B\n"
	for _, c := range []struct{ now, want string }{
		{old, ""},
		{old + "c: t:C\n", "ADDED   c: t:C\n"},
		{"a/x: t:X\n", "REMOVED b: t:B\n"},
		{"b/x: t:X\nb: t:B\n", "PARENT  a/x: t:X\n     -> b/x: t:X\n"},
	} {
		if got := treeDiff(old, c.now); got != c.want {
			t.Errorf("the difference to %q is %q, want %q", c.now, got, c.want)
		}
	}
}
