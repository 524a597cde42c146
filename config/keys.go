package config

//go:generate env UPDATE_GOLDEN=1 go test -run "TestReference|TestEditorSchema" .

import "slices"

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
	keySecrets         = "secrets"
	keySmoke           = "smoke"
	keyJourney         = "journey"
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

// The secrets that the program itself makes or passes on.
const (
	DatabaseURL  = keyDatabaseURL
	MigrationURL = keyMigrationURL
	AuthSecret   = keyAuthSecret
	OpenAIKey    = keyOpenAIKey
)

var secretKeys = []string{keyKubeconfig, keyDatabaseURL, keyAuthSecret, keyOpenAIKey, keyChatbotOpenAI, keyRegistryPassword,
	keyTLSCertificate, keyTLSKey, keyMigrationURL, keyAuthSecretAlso, keySecrets,
}

var plainKeys = []string{
	keyNamespace, keyKubeContext, keyKubeconfigPath, keyAllowNonLocal, keyAllowLocal, keyProduction,
	keyExposure, keyDomain, keyNodeAddress, keyLoadBalancer, keyIngressClass, keyGateway,
	keyTLSSecret, keyTLSIssuer, keyTLSClusterIssuer, keyExposureAnnotations, keyIngressFrom,
	keyNetworkPolicies, keyResourceQuota, keyLabels, keyAnnotations, keyRegistry, keyDockerHost, keyPlatform, keyImages, keyBaseImages,
	keySourceRoot, keyServices, keyMigration, keyRolloutTimeout, keyLogLevel, keyOpenAIBaseURL,
	keyKubeStack, keyRegistryUsername, keyPullSecrets, keyDatabase, keyExternalSecrets, keyRenderYAML, keyObservability, keyAIOps,
	keySmoke, keyJourney,
}

func isSecret(key string) bool { return slices.Contains(secretKeys, key) }

func knownKeys() []string { return slices.Concat(plainKeys, secretKeys) }
