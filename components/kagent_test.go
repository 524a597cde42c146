package components

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/internal/pulumitest"
)

func TestKagentArgs(t *testing.T) {
	complete := KagentArgs{Instance: "shop-dev", Watched: "shop", WatchedRef: pulumi.String("shop"), RolloutTimeoutSeconds: 60,
		Settings: KagentSettings{Namespace: "kagent", APIKeySecret: "shared"}}
	for want, change := range map[string]func(*KagentArgs){
		"are required":      func(a *KagentArgs) { a.WatchedRef = nil },
		"either APIKey or":  func(a *KagentArgs) { a.APIKey = pulumi.String("both") },
		"either APIKey or ": func(a *KagentArgs) { a.Settings.APIKeySecret = "" },
	} {
		args := complete
		change(&args)
		r, _, err := pulumitest.Run(t, pulumitest.Options{}, func(ctx *pulumi.Context) error {
			_, err := NewKagent(ctx, "shop-kagent", args)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "shop-kagent: ") || !strings.Contains(err.Error(), want) || len(r.All()) > 0 {
			t.Errorf("got %v and\n%s\nwant a refusal that says %q, and no resource", err, r.Tree(), want)
		}
	}
}
