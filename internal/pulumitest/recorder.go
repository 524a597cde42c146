// Package pulumitest runs a Pulumi program without an engine and records what it registers.
package pulumitest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Resource is one registration as the engine would have seen it.
type Resource struct {
	Type, Name          string
	URN, Parent         resource.URN
	Provider            string // "" for components and providers
	Custom              bool
	DeleteBeforeReplace bool
	DependsOn           []resource.URN // and what its inputs come from
	ReplaceOnChanges    []string
	IgnoreChanges       []string
	CreateTimeout       float64              // seconds; 0 is the provider's own
	Inputs              resource.PropertyMap // secrets are still marked
}

// Recorder stands in for the engine and all providers. It is safe for concurrent use: the SDK registers in parallel.
type Recorder struct {
	t              testing.TB
	project, stack string
	stacks         map[string]resource.PropertyMap // outputs of other stacks

	mu        sync.Mutex
	resources map[string]Resource // by type/name
}

// NewResource implements pulumi.MockResourceMonitor.
func (r *Recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if args.TypeToken == "pulumi:pulumi:StackReference" { // read, not registered
		outputs, found := r.stacks[args.Name]
		if !found {
			return "", nil, fmt.Errorf("unknown stack %q", args.Name)
		}
		return args.Name, resource.PropertyMap{"name": resource.NewProperty(args.Name), "outputs": resource.NewProperty(outputs)}, nil
	}
	parent := resource.URN(args.RegisterRPC.GetParent())
	res := Resource{
		Type: args.TypeToken, Name: args.Name, Parent: parent, URN: r.urn(parent, args.TypeToken, args.Name),
		Provider: args.Provider, Custom: args.Custom, Inputs: args.Inputs,
		DeleteBeforeReplace: args.RegisterRPC.GetDeleteBeforeReplace(), ReplaceOnChanges: args.RegisterRPC.GetReplaceOnChanges(),
		IgnoreChanges: args.RegisterRPC.GetIgnoreChanges(),
	}
	if create := args.RegisterRPC.GetCustomTimeouts().GetCreate(); create != "" {
		timeout, err := time.ParseDuration(create)
		if err != nil {
			return "", nil, fmt.Errorf("%s: create timeout %q: %w", args.Name, create, err)
		}
		res.CreateTimeout = timeout.Seconds()
	}
	for _, urn := range args.RegisterRPC.GetDependencies() {
		res.DependsOn = append(res.DependsOn, resource.URN(urn))
	}
	key := res.Type + "/" + res.Name
	r.mu.Lock()
	_, duplicate := r.resources[key]
	r.resources[key] = res
	r.mu.Unlock()
	if duplicate {
		// The engine compares URNs, which hold the parent's type but not its name: two instances of one component
		// whose children forget the instance's name collide.
		return "", nil, fmt.Errorf("%s is registered twice", key)
	}
	return args.Name + "-id", outputs(args), nil
}

// Call implements pulumi.MockResourceMonitor. The program calls no function.
func (r *Recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return nil, fmt.Errorf("unexpected call of %s", args.Token)
}

func (r *Recorder) urn(parent resource.URN, token, name string) resource.URN {
	parentType := tokens.Type("")
	if parent != "" && parent.QualifiedType() != resource.RootStackType {
		parentType = parent.QualifiedType()
	}
	return resource.NewURN(tokens.QName(r.stack), tokens.PackageName(r.project), parentType, tokens.Type(token), name)
}

// outputs imitates the providers as far as the program reads them.
func outputs(args pulumi.MockResourceArgs) resource.PropertyMap {
	state := args.Inputs.Copy()
	switch {
	case strings.HasPrefix(args.TypeToken, "kubernetes:"):
		metadata := resource.PropertyMap{}
		if m, ok := state["metadata"]; ok && m.IsObject() {
			metadata = m.ObjectValue().Copy()
		}
		if _, named := metadata["name"]; !named {
			metadata["name"] = resource.NewProperty(args.Name + "-0a1b2c3d") // auto-naming
		}
		state["metadata"] = resource.NewProperty(metadata)
	case args.TypeToken == "docker:index/image:Image":
		repository, _, _ := strings.Cut(state["imageName"].StringValue(), ":"+tagOf(state["imageName"].StringValue()))
		state["repoDigest"] = resource.NewProperty(repository + "@sha256:" + strings.Repeat("0", 64))
	case args.TypeToken == "random:index/randomPassword:RandomPassword":
		state["result"] = resource.MakeSecret(resource.NewProperty(Generated(args.Name)))
	}
	return state
}

func tagOf(reference string) string { return reference[strings.LastIndex(reference, ":")+1:] }

// Generated is the password that a RandomPassword of that name has in tests.
func Generated(name string) string { return "generated-" + name }

// All returns every resource, ordered by type and name.
func (r *Recorder) All() []Resource {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []Resource
	for _, res := range r.resources {
		all = append(all, res)
	}
	slices.SortFunc(all, func(a, b Resource) int { return strings.Compare(a.Type+"/"+a.Name, b.Type+"/"+b.Name) })
	return all
}

// OfType returns the resources of one type token.
func (r *Recorder) OfType(token string) []Resource {
	return slices.DeleteFunc(r.All(), func(res Resource) bool { return res.Type != token })
}

// Get returns one resource; without it the test cannot go on.
func (r *Recorder) Get(token, name string) Resource {
	r.t.Helper()
	r.mu.Lock()
	res, found := r.resources[token+"/"+name]
	r.mu.Unlock()
	if !found {
		r.t.Fatalf("no %s named %q was registered; there are:\n%s", token, name, r.Tree())
	}
	return res
}

// Path walks up the parents: the names from the root to the resource, and whether each of them was registered.
func (r *Recorder) Path(res Resource) (names []string, complete bool) {
	byURN := map[resource.URN]Resource{}
	for _, other := range r.All() {
		byURN[other.URN] = other
	}
	names = []string{res.Name}
	for res.Parent != "" && res.Parent.Type() != resource.RootStackType {
		parent, found := byURN[res.Parent]
		if !found {
			return names, false
		}
		names = append([]string{parent.Name}, names...)
		res = parent
	}
	return names, true
}
