package platform

import (
	"todo/components"
	"todo/config"
)

func (b *builder) kagentArgs() components.KagentArgs {
	k := b.cfg.Kagent
	args := components.KagentArgs{
		Instance: b.instance, Watched: b.cfg.Namespace, WatchedRef: b.namespace, RolloutTimeoutSeconds: b.cfg.RolloutTimeoutSeconds,
		Settings: components.KagentSettings{
			Version: k.Version, Namespace: k.Namespace, Provider: k.Provider, Model: k.Model, BaseURL: k.BaseURL,
			APIKeySecret: k.APIKeySecret, APIKeyField: k.APIKeyField, Charts: map[string]string{},
		},
	}
	for _, name := range components.KagentCharts {
		args.Settings.Charts[name] = k.Chart(b.cfg.Root, name)
	}
	if k.APIKeySecret == "" {
		args.APIKey = secret(b.cfg.Secrets[config.OpenAIKey])
	}
	if b.cfg.NetworkPolicies {
		args.ModelPort = b.cfg.KagentModelPort()
	}
	return args
}
