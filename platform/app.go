package platform

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/components"
	"todo/config"
)

// TodoApp is the whole application of one stack. Every other resource descends from it, and gets its providers from it.
type TodoApp struct {
	pulumi.ResourceState

	WebURL     pulumi.StringOutput    `pulumi:"webUrl"`     // the web front, for a browser
	ChatbotURL pulumi.StringOutput    `pulumi:"chatbotUrl"` // the chatbot, for a browser
	APIURL     pulumi.StringOutput    `pulumi:"apiUrl"`     // the backend, for clients outside the cluster
	URLs       pulumi.StringMapOutput `pulumi:"urls"`       // of every public service, by its name
	Namespace  pulumi.StringOutput    `pulumi:"namespace"`
	Images     pulumi.StringMapOutput `pulumi:"images"`    // what each service's pods run
	NodePorts  pulumi.IntMapOutput    `pulumi:"nodePorts"` // by service; empty under an exposure with a domain
	// LoadBalancers are the addresses to point the host names at, by service; "pending" until the cluster has given one.
	LoadBalancers pulumi.StringMapOutput `pulumi:"loadBalancers"`
}

// appType is the type token of every stack's root. It names the package that this component began in: another token would
// be another URN for everything below.
const appType = "todo:components:TodoApp"

// authSecretLength is that of 256 bits: 43 letters and digits.
const authSecretLength = 43

// builder holds what the parts of one application have in common while it is built.
type builder struct {
	ctx       *pulumi.Context
	cfg       *config.Config
	name      string // prefix of the resources' names
	instance  string // the installation, for labels and selectors
	namespace pulumi.StringInput
	pull      []pulumi.StringInput // names of the Secrets that images are pulled with
	child     []pulumi.ResourceOption

	images   map[string]*components.Image // by service
	versions map[string]string            // their tags or digests, by service
	database *components.Database         // nil when it is elsewhere, or nobody uses one
	secrets  map[string]pulumi.StringInput
	schema   []pulumi.Resource // the backend's pods wait for it
	running  map[string]*components.Workload
}

// NewTodoApp creates the stack's namespace, images, database (in development) and services.
func NewTodoApp(ctx *pulumi.Context, name string, cfg *config.Config, opts ...pulumi.ResourceOption) (*TodoApp, error) {
	plans, err := planImages(cfg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	app := &TodoApp{}
	opts = append(slices.Clone(opts), components.Everywhere(cfg.Labels, cfg.Annotations))
	if err := ctx.RegisterComponentResource(appType, name, app, opts...); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	b := &builder{ctx: ctx, cfg: cfg, name: name, instance: name + "-" + cfg.Stack}
	providers, err := newProviders(ctx, name, b.instance, cfg, pulumi.Parent(app))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	b.child = []pulumi.ResourceOption{pulumi.Parent(app), pulumi.Providers(providers...)}
	ns, err := components.NewNamespace(ctx, name+"-namespace", cfg.Namespace, b.instance, b.child...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	namespace := ns.Metadata.Name().Elem() // an output: whatever goes into the namespace waits for it
	b.namespace = namespace

	for _, step := range []func() error{
		b.pullSecrets, b.quota, func() error { return b.buildImages(plans) }, b.ownDatabase, b.stackSecrets, b.migration,
		b.workloads, b.networkPolicies, b.observability, b.kagent,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	exposure, err := components.NewExposure(ctx, name+"-exposure", b.exposureArgs(), b.child...)
	if err != nil {
		return nil, err
	}
	return app, app.finish(ctx, b, namespace, exposure)
}

// pullSecrets are the Secrets that somebody else made, and one of the stack's registry login.
func (b *builder) pullSecrets() error {
	for _, given := range b.cfg.Images.PullSecrets {
		b.pull = append(b.pull, pulumi.String(given))
	}
	login := b.cfg.Images.Login
	if login == nil {
		return nil
	}
	own, err := components.NewPullSecret(b.ctx, b.name+"-pull-secret", b.instance, b.namespace, b.cfg.Images.RegistryHost(),
		components.RegistryLogin{Username: login.Username, Password: secret(login.Password)}, b.child...)
	b.pull = append(b.pull, own)
	return err
}

func (b *builder) quota() error {
	if !b.cfg.ResourceQuota {
		return nil
	}
	_, err := components.NewQuota(b.ctx, b.name+"-quota", quotaArgs(b.cfg, b.instance, b.namespace), b.child...)
	return err
}

func (b *builder) buildImages(plans []imagePlan) (err error) {
	b.images, b.versions = map[string]*components.Image{}, map[string]string{}
	for _, plan := range plans {
		b.versions[plan.service] = plan.version
		if b.images[plan.service], err = components.NewImage(b.ctx, b.name+"-"+plan.service+"-image", plan.args, b.child...); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) ownDatabase() error {
	d := b.cfg.Database
	if !d.Managed && !d.Parked {
		return nil
	}
	db, err := components.NewDatabase(b.ctx, b.name+"-database", components.DatabaseArgs{
		Service: config.DatabaseService, Instance: b.instance, Namespace: b.namespace, Parked: d.Parked,
		Image: d.Image, Port: d.Port, Storage: d.Storage, StorageClass: d.StorageClass,
		RolloutTimeoutSeconds: b.cfg.RolloutTimeoutSeconds, PullSecrets: b.pull,
	}, b.child...)
	if d.Managed {
		b.database = db
	}
	return err
}

func (b *builder) networkPolicies() error {
	if !b.cfg.NetworkPolicies {
		return nil
	}
	_, err := components.NewNetworkPolicies(b.ctx, b.name+"-network-policies", b.flows(), b.child...)
	return err
}

func (b *builder) kagent() error {
	if b.cfg.Kagent == nil {
		return nil
	}
	_, err := components.NewKagent(b.ctx, b.name+"-kagent", b.kagentArgs(), b.child...)
	return err
}

// newAuthSecret draws the key that signs sessions once, and keeps it in the stack's state.
func newAuthSecret(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (pulumi.StringInput, error) {
	drawn, err := random.NewRandomPassword(ctx, name, &random.RandomPasswordArgs{
		Length: pulumi.Int(authSecretLength), Special: pulumi.Bool(false),
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("%s: generating BETTER_AUTH_SECRET: %w", name, err)
	}
	return drawn.Result, nil
}

func (app *TodoApp) finish(ctx *pulumi.Context, b *builder, namespace pulumi.StringOutput, exposure *components.Exposure) error {
	refs, urls := pulumi.StringMap{}, pulumi.StringMap{}
	for _, s := range b.cfg.Services() {
		refs[s.Name] = b.image(s).Ref
	}
	for _, s := range b.cfg.PublicServices() {
		urls[s.Name] = pulumi.String(b.cfg.PublicURL(s))
	}
	app.WebURL = pulumi.String(b.cfg.WebURL()).ToStringOutput()
	app.ChatbotURL = pulumi.String(b.cfg.ChatbotURL()).ToStringOutput()
	app.APIURL = pulumi.String(b.cfg.APIURL()).ToStringOutput()
	app.URLs = urls.ToStringMapOutput()
	app.Namespace = namespace
	app.Images = refs.ToStringMapOutput()
	app.NodePorts, app.LoadBalancers = exposure.NodePorts, exposure.LoadBalancers
	return ctx.RegisterResourceOutputs(app, pulumi.Map{
		"webUrl": app.WebURL, "chatbotUrl": app.ChatbotURL, "apiUrl": app.APIURL, "urls": app.URLs,
		"namespace": app.Namespace, "images": app.Images, "nodePorts": app.NodePorts, "loadBalancers": app.LoadBalancers,
	})
}
