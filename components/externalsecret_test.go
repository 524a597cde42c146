package components

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/internal/pulumitest"
	"todo/spec"
)

func TestAppSecretIsEitherOrNeither(t *testing.T) {
	both := AppSecretArgs{
		Service: "web", Instance: "shop-dev", Namespace: pulumi.String("shop"), Data: map[string]pulumi.StringInput{"A": pulumi.String("b")},
		External: &External{Store: "vault", Keys: map[string]spec.RemoteRef{"A": {Key: "a"}}},
	}
	neither := AppSecretArgs{Service: "web", Instance: "shop-dev", Namespace: pulumi.String("shop")}
	for want, args := range map[string]AppSecretArgs{"Data and External exclude each other": both, "it holds no key": neither} {
		r, _, err := pulumitest.Run(t, pulumitest.Options{}, func(ctx *pulumi.Context) error {
			_, err := NewAppSecret(ctx, "web-secrets", args)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "web-secrets: "+want) || len(r.All()) > 0 {
			t.Errorf("got %v and\n%s\nwant a refusal that says %q, and no resource", err, r.Tree(), want)
		}
	}
}
