package config

//go:generate env UPDATE_GOLDEN=1 go test -run TestReference .

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// project is the namespace of the keys: the project's name in Pulumi.yaml.
const project = "todo"

const (
	keyNamespace       = "namespace"
	keyKubeContext     = "kubeContext"
	keyKubeconfigPath  = "kubeconfigPath"
	keyKubeconfig      = "kubeconfig"
	keyAllowNonLocal   = "allowNonLocalCluster"
	keyAllowLocal      = "allowLocalCluster"
	keyProduction      = "production"
	keyRegistry        = "registry"
	keyDockerHost      = "dockerHost"
	keyPlatform        = "platform"
	keyImages          = "images"
	keyBaseImages      = "baseImages"
	keySourceRoot      = "sourceRoot"
	keyServices        = "services"
	keyLogLevel        = "LOG_LEVEL"
	keyOpenAIBaseURL   = "OPENAI_BASE_URL"
	keyNetworkPolicies = "networkPolicies"
	keyResourceQuota   = "resourceQuota"
	keyLabels          = "labels"
	keyAnnotations     = "annotations"
	keyMigration       = "migration"
	keyRolloutTimeout  = "rolloutTimeoutSeconds"
	keyDatabaseURL     = "DATABASE_URL"
	keyAuthSecret      = "BETTER_AUTH_SECRET"
	keyAuthSecretAlso  = "BETTER_AUTH_SECRET_ALSO"
	keyOpenAIKey       = "OPENAI_API_KEY"
	keyChatbotOpenAI   = "VITE_OPENAI_API_KEY"
	minAuthSecretChars = 32
)

// The cluster of another stack, pulling, and the development database.
const (
	keyKubeStack        = "kubeStack"
	keyRegistryUsername = "registryUsername"
	keyRegistryPassword = "registryPassword"
	keyPullSecrets      = "imagePullSecrets"
	keyDatabase         = "database"
	keyExternalSecrets  = "externalSecrets"
	keyRenderYAML       = "renderYaml"
	keyMigrationURL     = "MIGRATION_DATABASE_URL"
	keyObservability    = "observability"
)

var secretKeys = []string{keyKubeconfig, keyDatabaseURL, keyAuthSecret, keyOpenAIKey, keyChatbotOpenAI, keyRegistryPassword,
	keyTLSCertificate, keyTLSKey, keyMigrationURL, keyAuthSecretAlso,
}

var plainKeys = []string{
	keyNamespace, keyKubeContext, keyKubeconfigPath, keyAllowNonLocal, keyAllowLocal, keyProduction,
	keyExposure, keyDomain, keyNodeAddress, keyLoadBalancer, keyIngressClass, keyGateway,
	keyTLSSecret, keyTLSIssuer, keyTLSClusterIssuer, keyExposureAnnotations, keyIngressFrom,
	keyNetworkPolicies, keyResourceQuota, keyLabels, keyAnnotations, keyRegistry, keyDockerHost, keyPlatform, keyImages, keyBaseImages,
	keySourceRoot, keyServices, keyMigration, keyRolloutTimeout, keyLogLevel, keyOpenAIBaseURL,
	keyKubeStack, keyRegistryUsername, keyPullSecrets, keyDatabase, keyExternalSecrets, keyRenderYAML, keyObservability, keyAIOps,
}

func isSecret(key string) bool { return slices.Contains(secretKeys, key) }

func knownKeys() []string { return slices.Concat(plainKeys, secretKeys) }

// Keys holds the names of all keys that are set. The SDK reads keys one by one and lists none, so an unknown one
// could not be told; Read is given to pulumi.Run as an option and sees the list.
type Keys struct{ names []string }

// Read is a pulumi.RunOption.
func (k *Keys) Read(info *pulumi.RunInfo) {
	k.names = k.names[:0]
	for name := range info.Config {
		k.names = append(k.names, name)
	}
	slices.Sort(k.names)
}

// unknown refuses keys of this project that nothing reads: a misspelt key would silently keep its default.
func (k *Keys) unknown(ps *problems) {
	for _, full := range k.names {
		key, ours := strings.CutPrefix(full, project+":")
		if !ours || slices.Contains(knownKeys(), key) {
			continue
		}
		ps.add(Problem{Key: key, Got: "unknown key", Want: suggestion(key, knownKeys()), Fix: ps.remove(key)})
	}
}
