package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// Base is what every stand-in answers alike. Embed it; operations that can take long run under Context.
type Base struct {
	plugin.UnimplementedProvider
	info   Info
	ctx    context.Context
	cancel context.CancelFunc
}

// NewBase returns a Base for that plugin.
func NewBase(info Info) Base {
	ctx, cancel := context.WithCancel(context.Background())
	return Base{info: info, ctx: ctx, cancel: cancel}
}

// Context returns a context that ends with the request's and when the user cancels the update.
func (b *Base) Context(request context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(request)
	stop := context.AfterFunc(b.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// Supports returns nil for the types of Info, otherwise an error that says where to get the others.
func (b *Base) Supports(t tokens.Type) error {
	if slices.Contains(b.info.Types, string(t)) {
		return nil
	}
	return fmt.Errorf("the lab's stand-in for the %s plugin has no %s, only %s: install the real plugin with `pulumi plugin install resource %s %s`",
		b.info.Package, t, strings.Join(b.info.Types, ", "), b.info.Package, b.info.Version)
}

// Handshake keeps secrets wrapped on their way in, so that no secret can come out bare by mistake.
func (b *Base) Handshake(context.Context, plugin.ProviderHandshakeRequest) (*plugin.ProviderHandshakeResponse, error) {
	return &plugin.ProviderHandshakeResponse{AcceptSecrets: true, AcceptResources: true, AcceptOutputs: true}, nil
}

func (b *Base) Close() error { return nil }

// SignalCancellation ends what runs under Context.
func (b *Base) SignalCancellation(context.Context) error {
	b.cancel()
	return nil
}

func (b *Base) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	version, err := semver.Parse(b.info.Version)
	return plugin.PluginInfo{Version: &version}, err
}

// GetSchema has no resources: the program is written against the real plugin's SDK.
func (b *Base) GetSchema(context.Context, plugin.GetSchemaRequest) (plugin.GetSchemaResponse, error) {
	schema, err := json.Marshal(map[string]string{"name": b.info.Package, "version": b.info.Version, "description": b.info.String()})
	return plugin.GetSchemaResponse{Schema: schema}, err
}

func (b *Base) CheckConfig(_ context.Context, r plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	return plugin.CheckConfigResponse{Properties: r.News}, nil
}

// DiffConfig shows changed settings, and never replaces a provider: that would replace everything made with it.
func (b *Base) DiffConfig(_ context.Context, r plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	return Diff(r.OldInputs, r.NewInputs, plugin.DiffUpdate), nil
}

func (b *Base) Configure(context.Context, plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	return plugin.ConfigureResponse{}, nil
}

// Diff compares two sets of inputs; every key that differs gets the kind, which is an update or an update that replaces.
func Diff(old, new resource.PropertyMap, kind plugin.DiffKind) plugin.DiffResult {
	// "__defaults" is the real plugins' own bookkeeping, and may be in the state that one of them has left.
	ours := func(key resource.PropertyKey) bool { return strings.HasPrefix(string(key), "__") }
	d := old.Diff(new, ours)
	if d == nil {
		return plugin.DiffResult{Changes: plugin.DiffNone}
	}
	result := plugin.DiffResult{Changes: plugin.DiffSome, DetailedDiff: map[string]plugin.PropertyDiff{}}
	for _, key := range slices.Concat(keys(d.Adds), keys(d.Deletes), keys(d.Updates)) {
		result.ChangedKeys = append(result.ChangedKeys, key)
		result.DetailedDiff[string(key)] = plugin.PropertyDiff{Kind: kind, InputDiff: true}
		if kind.IsReplace() {
			result.ReplaceKeys = append(result.ReplaceKeys, key)
		}
	}
	slices.Sort(result.ChangedKeys)
	slices.Sort(result.ReplaceKeys)
	return result
}

func keys[V any](m map[resource.PropertyKey]V) []resource.PropertyKey {
	var all []resource.PropertyKey
	for key := range m {
		all = append(all, key)
	}
	return all
}
