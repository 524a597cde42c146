package platform

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/components"
	"todo/config"
)

// Spare pods of the default size, for a person at work: a kubectl run beside a debugger.
const sparePods = 2

// podsOf is the worst moment of a rollout. The Deployment keeps all its pods and one more (maxSurge 1); beside them the
// replaced ones, up to as many, count until their grace period is over. With 2 pods these are 2 + 1 + 2 = 5. A quota
// without the last part would not fail a rollout, but stop it until old pods are gone.
func podsOf(s config.Service) components.PodCount {
	return components.PodCount{Count: 2*s.MaxPods() + 1, Resources: s.Resources}
}

// quotaArgs sums up the topology: in development 3 services × 5 pods, 2 of the migration, the database and the spare ones.
func quotaArgs(cfg *config.Config, instance string, namespace pulumi.StringInput) components.QuotaArgs {
	args := components.QuotaArgs{Instance: instance, Namespace: namespace, Default: config.DefaultResources(), Storage: "0"}
	for _, s := range cfg.Services() {
		args.Pods = append(args.Pods, podsOf(s))
	}
	if cfg.Migration.Enabled {
		args.Pods = append(args.Pods, components.PodCount{Count: 2, Resources: cfg.Service(config.BackendName).Resources}) // one replaces another that still runs
	}
	if cfg.Database.Managed {
		args.Pods = append(args.Pods, components.PodCount{Count: 1, Resources: components.DatabaseResources}) // a StatefulSet never has more
		args.Claims, args.Storage = 1, cfg.Database.Storage
	}
	args.Pods = append(args.Pods, components.PodCount{Count: sparePods, Resources: args.Default})
	return args
}
