package components

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Kagent is an assistant in the cluster: kagent's two charts in a namespace of their own, and one agent, which may look at
// one namespace and change nothing. It has no outputs.
//
// What it can read is not left to the agent: its tools act as a ServiceAccount that is bound to Kubernetes' role `view` in
// that one namespace, which leaves out Secrets. Of kagent's own rights none reach out of its namespace, where the
// controller makes the agent's Deployment.
type Kagent struct {
	pulumi.ResourceState
}

// KagentArgs are a Kagent's inputs.
type KagentArgs struct {
	Instance string // the installation, for labels
	// Watched is the namespace that the agent may look at, and the agent's name; WatchedRef is the same once it is there.
	Watched    string
	WatchedRef pulumi.StringInput
	Settings   KagentSettings
	APIKey     pulumi.StringInput // needed unless Settings name a Secret
	ModelPort  int                // of the model's API, for the NetworkPolicy; 0 is no policy

	RolloutTimeoutSeconds int
}

// Validate reports what is wrong with the args.
func (a KagentArgs) Validate() error {
	if a.Instance == "" || a.Watched == "" || a.WatchedRef == nil || a.Settings.Namespace == "" || a.RolloutTimeoutSeconds <= 0 {
		return errors.New("Instance, Watched, WatchedRef, Settings.Namespace and RolloutTimeoutSeconds are required")
	}
	if (a.APIKey == nil) == (a.Settings.APIKeySecret == "") {
		return errors.New("either APIKey or Settings.APIKeySecret is required")
	}
	return nil
}

// KagentSettings are what a stack may choose of kagent.
type KagentSettings struct {
	Version   string            // of both charts
	Charts    map[string]string // where Helm finds each of KagentCharts
	Namespace string            // of its own

	Provider     string // as the chart's values call it
	Model        string // "" is the chart's choice
	BaseURL      string // "" is the provider's own
	APIKeySecret string // Secret in Namespace; "" has one made from APIKey
	APIKeyField  string // key in that Secret
}

// KagentCharts are the names of its two charts, in the order in which they are installed.
var KagentCharts = []string{"kagent-crds", "kagent"}

const (
	kagentService = "kagent"
	// kagentTools is the ServiceAccount that the chart makes for the tools: its release's name and the subchart's.
	kagentTools = "kagent-tools"
)

// KagentAgents are the agents that the chart brings, over 2 GB of them.
var KagentAgents = []string{
	"argo-rollouts-agent", "cilium-debug-agent", "cilium-manager-agent", "cilium-policy-agent", "helm-agent",
	"istio-agent", "k8s-agent", "kgateway-agent", "observability-agent", "promql-agent",
}

// NewKagent creates `<name>-namespace`, the Secret, the releases `<name>-crds` and `<name>-release`, what the tools may read,
// the agent, and the NetworkPolicy.
func NewKagent(ctx *pulumi.Context, name string, args KagentArgs, opts ...pulumi.ResourceOption) (*Kagent, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	k := &Kagent{}
	if err := ctx.RegisterComponentResource(componentType("Kagent"), name, k, opts...); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	child := withParent(k)
	ns, err := NewNamespace(ctx, name+"-namespace", args.Settings.Namespace, args.Instance, child...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	namespace := ns.Metadata.Name().Elem()

	key := pulumi.StringInput(pulumi.String(args.Settings.APIKeySecret))
	if args.APIKey != nil {
		secret, err := NewAppSecret(ctx, name+"-model", AppSecretArgs{
			Service: kagentService, Instance: args.Instance, Namespace: namespace,
			Data: map[string]pulumi.StringInput{args.Settings.APIKeyField: args.APIKey},
		}, child...)
		if err != nil {
			return nil, err
		}
		key = secret.Ref
	}
	if args.ModelPort != 0 {
		if err := args.networkPolicy(ctx, name, namespace, child...); err != nil {
			return nil, err
		}
	}
	release := func(role, chart string, values pulumi.Map, after ...pulumi.Resource) (*helmRelease, error) {
		return newHelmRelease(ctx, name+"-"+role, helmReleaseArgs{
			Name: chart, Namespace: namespace, Chart: args.Settings.Charts[chart], Version: args.Settings.Version,
			Values: values, TimeoutSeconds: args.RolloutTimeoutSeconds,
		}, append(slices.Clone(child), pulumi.DependsOn(after))...)
	}
	crds, err := release("crds", KagentCharts[0], pulumi.Map{"kmcp": off()})
	if err != nil {
		return nil, err
	}
	main, err := release("release", KagentCharts[1], args.values(key), crds)
	if err != nil {
		return nil, err
	}
	if err := args.readers(ctx, name, namespace, child...); err != nil {
		return nil, err
	}
	if err := args.agent(ctx, name+"-agent", namespace, append(child, pulumi.DependsOn([]pulumi.Resource{main}))...); err != nil {
		return nil, err
	}
	return k, ctx.RegisterResourceOutputs(k, pulumi.Map{})
}

func off() pulumi.Map { return pulumi.Map{"enabled": pulumi.Bool(false)} }

// values are those of the chart kagent. What is left out is the chart's own choice.
func (a KagentArgs) values(key pulumi.StringInput) pulumi.Map {
	provider := pulumi.Map{"apiKeySecretRef": key, "apiKeySecretKey": pulumi.String(a.Settings.APIKeyField)}
	if a.Settings.Model != "" {
		provider["model"] = pulumi.String(a.Settings.Model)
	}
	if a.Settings.BaseURL != "" {
		provider["config"] = pulumi.Map{"baseUrl": pulumi.String(a.Settings.BaseURL)}
	}
	values := pulumi.Map{
		"providers": pulumi.Map{"default": pulumi.String(a.Settings.Provider), a.Settings.Provider: provider},
		// Roles in this namespace instead of ClusterRoles, and nothing of any other is watched.
		"rbac": pulumi.Map{"namespaces": pulumi.ToStringArray([]string{a.Settings.Namespace})},
		"kagent-tools": pulumi.Map{
			"rbac":  pulumi.Map{"create": pulumi.Bool(false)}, // the chart's would read every namespace, or with readOnly false do anything
			"tools": pulumi.Map{"enabledTools": pulumi.ToStringArray([]string{"k8s"}), "args": pulumi.ToStringArray([]string{"--read-only"}), "loglevel": pulumi.String("info")},
		},
		"kmcp": off(), "grafana-mcp": off(), "querydoc": off(), // servers of tools that nobody here uses
	}
	for _, agent := range KagentAgents {
		values[agent] = off()
	}
	return values
}

// readers lets the tools look at the watched namespace. The role is the one that `make ai` gives its token.
func (a KagentArgs) readers(ctx *pulumi.Context, name string, namespace pulumi.StringInput, opts ...pulumi.ResourceOption) error {
	_, err := rbacv1.NewRoleBinding(ctx, name+"-rolebinding", &rbacv1.RoleBindingArgs{
		Metadata: &metav1.ObjectMetaArgs{Namespace: a.WatchedRef, Labels: pulumi.ToStringMap(labels(kagentService, a.Instance))},
		RoleRef:  &rbacv1.RoleRefArgs{ApiGroup: pulumi.String("rbac.authorization.k8s.io"), Kind: pulumi.String("ClusterRole"), Name: pulumi.String("view")},
		Subjects: rbacv1.SubjectArray{rbacv1.SubjectArgs{Kind: pulumi.String("ServiceAccount"), Name: pulumi.String(kagentTools), Namespace: namespace}},
	}, opts...)
	if err != nil {
		return fmt.Errorf("%s: binding the role view: %w", name, err)
	}
	return nil
}

// kagentToolNames are those of the tool server with --read-only that act on a namespace.
var kagentToolNames = []string{"k8s_describe_resource", "k8s_get_events", "k8s_get_pod_logs", "k8s_get_resource_yaml", "k8s_get_resources"}

// agent creates the agent. Its pod speaks with the model and the tools, and has no rights of its own.
func (a KagentArgs) agent(ctx *pulumi.Context, name string, namespace pulumi.StringInput, opts ...pulumi.ResourceOption) error {
	_, err := apiextensions.NewCustomResource(ctx, name, &apiextensions.CustomResourceArgs{
		ApiVersion: pulumi.String("kagent.dev/v1alpha2"), Kind: pulumi.String("Agent"),
		Metadata: &metav1.ObjectMetaArgs{
			Name: pulumi.String(a.Watched), Namespace: namespace, // users choose it by its name
			Labels: pulumi.ToStringMap(labels(kagentService, a.Instance)),
		},
		OtherFields: kubernetes.UntypedArgs{"spec": map[string]any{
			"type":        "Declarative",
			"description": "Finds out what is wrong in the namespace " + a.Watched + "; changes nothing.",
			"declarative": map[string]any{
				"runtime": "go", // of the two the smaller one, whose image has a numeric user, as the namespace demands
				"systemMessage": "You look after the namespace " + a.Watched + " of a Kubernetes cluster, and no other: the services backend, frontend-web and " +
					"frontend-chatbot of a Todo application, and its database. You can read objects, events and logs of this namespace, but no " +
					"Secrets, and you cannot change anything. Always pass the namespace. Look before you answer, and quote what you saw. Say what " +
					"is wrong, the likely cause, and the command that a person should type; never claim to have done it.",
				"tools": []any{map[string]any{"type": "McpServer", "mcpServer": map[string]any{
					"apiGroup": "kagent.dev", "kind": "RemoteMCPServer", "name": "kagent-tool-server", "toolNames": kagentToolNames,
				}}},
				"deployment": map[string]any{
					"podSecurityContext": map[string]any{"runAsNonRoot": true, "seccompProfile": map[string]any{"type": "RuntimeDefault"}},
					"securityContext":    map[string]any{"allowPrivilegeEscalation": false, "capabilities": map[string]any{"drop": []string{"ALL"}}},
					"resources": map[string]any{
						"requests": map[string]any{"cpu": "50m", "memory": "128Mi"}, "limits": map[string]any{"cpu": "500m", "memory": "512Mi"},
					},
				},
			},
		}},
	}, opts...)
	if err != nil {
		return fmt.Errorf("%s: creating the Agent: %w", name, err)
	}
	return nil
}
