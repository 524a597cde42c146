package components

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/internal/pulumitest"
)

func TestQuotaRefusals(t *testing.T) {
	good := QuotaArgs{
		Instance: "shop-dev", Namespace: pulumi.String("shop"), Storage: "0",
		Pods: []PodCount{{Count: 1, Resources: workloadArgs().Resources}}, Default: workloadArgs().Resources,
	}
	for want, change := range map[string]func(*QuotaArgs){
		"Storage are required":          func(a *QuotaArgs) { a.Storage = "" },
		`storage: "much" is not`:        func(a *QuotaArgs) { a.Storage = "much" },
		"Namespace, Instance":           func(a *QuotaArgs) { a.Pods = nil },
		`requests: "many" is not`:       func(a *QuotaArgs) { a.Pods[0].Resources.Requests.CPU = "many" },
		`limits: "plenty" is not a qua`: func(a *QuotaArgs) { a.Pods[0].Resources.Limits.Memory = "plenty" },
	} {
		args := good
		args.Pods = []PodCount{good.Pods[0]}
		change(&args)
		r, _, err := pulumitest.Run(t, pulumitest.Options{}, func(ctx *pulumi.Context) error {
			_, err := NewQuota(ctx, "quota", args)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "quota: ") {
			t.Errorf("want an error of quota that says %q, got %v", want, err)
		}
		if n := len(r.All()); n > 0 {
			t.Errorf("%q: %d resources were registered, want none", want, n)
		}
	}
}
