package components

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/internal/pulumitest"
)

func TestObservabilityRefusals(t *testing.T) {
	for want, args := range map[string]ObservabilityArgs{
		"Namespace, NamespaceName and Instance": {Instance: "shop-dev", NamespaceName: "shop"},
		"needs a Selector":                      {Instance: "shop-dev", NamespaceName: "shop", Namespace: pulumi.String("shop"), PodMonitor: true},
	} {
		r, _, err := pulumitest.Run(t, pulumitest.Options{}, func(ctx *pulumi.Context) error {
			_, err := NewObservability(ctx, "watch", args)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "watch: ") || !strings.Contains(err.Error(), want) || len(r.All()) > 0 {
			t.Errorf("got %v and\n%s\nwant a refusal that says %q, and no resource", err, r.Tree(), want)
		}
	}
}
