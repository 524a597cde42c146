package components

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/internal/pulumitest"
	"todo/spec"
)

func TestNetworkPoliciesRefusals(t *testing.T) {
	for want, change := range map[string]func(*NetworkPoliciesArgs){
		"Namespace and Instance":        func(a *NetworkPoliciesArgs) { a.Instance = "" },
		"has no Selector":               func(a *NetworkPoliciesArgs) { a.Peers[0].Selector = nil },
		"peer web: Port is 70000":       func(a *NetworkPoliciesArgs) { a.Peers[0].Port = 70000 },
		`"web" serves no port`:          func(a *NetworkPoliciesArgs) { a.Peers[0].Port, a.Public = 0, []string{"web"} },
		"egress of web: Port is 70000":  func(a *NetworkPoliciesArgs) { a.Egress[0].To.Port = 70000 },
		`"wbe" is not among Peers`:      func(a *NetworkPoliciesArgs) { a.Public = []string{"wbe"} },
		`"api" is not among Peers`:      func(a *NetworkPoliciesArgs) { a.Flows = []Flow{{"web", "api"}} },
		`"database" is not among Peers`: func(a *NetworkPoliciesArgs) { a.Egress[0].From = "database" },
		"has no Namespace":              func(a *NetworkPoliciesArgs) { a.Scrapes = []Scrape{{Service: "web", Port: 9090}} },
		`"metrics" is not among Peers`:  func(a *NetworkPoliciesArgs) { a.Scrapes = []Scrape{{"metrics", 9090, "monitoring"}} },
		`"" is not among Peers`:         func(a *NetworkPoliciesArgs) { a.Flows = []Flow{{"web", ""}} },
	} {
		args := NetworkPoliciesArgs{
			Instance: "shop-dev", Namespace: pulumi.String("shop"),
			Peers:  []Peer{{Service: "web", Port: 3000, Selector: Selector("web", "shop-dev")}},
			Egress: []Egress{{"web", spec.Destination{Port: 443, PublicOnly: true}}},
		}
		change(&args)
		r, _, err := pulumitest.Run(t, pulumitest.Options{}, func(ctx *pulumi.Context) error {
			_, err := NewNetworkPolicies(ctx, "net", args)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "net: ") {
			t.Errorf("want an error of net that says %q, got %v", want, err)
		}
		if n := len(r.All()); n > 0 {
			t.Errorf("%q: %d resources were registered, want none", want, n)
		}
	}
}
