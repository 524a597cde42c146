package platform

import (
	"todo/components"
	"todo/config"
	"todo/spec"
)

// flows turns what the services use into the connections that are let through.
func (b *builder) flows() components.NetworkPoliciesArgs {
	args := components.NetworkPoliciesArgs{Instance: b.instance, Namespace: b.namespace}
	collector, traced := b.cfg.Observability.OTLP()
	for _, s := range b.cfg.Services() {
		args.Peers = append(args.Peers, components.Peer{Service: s.Name, Port: s.Port, Selector: b.running[s.Name].Selector})
		uses := b.cfg.Connections(s)
		for _, name := range uses.Services {
			args.Flows = append(args.Flows, components.Flow{From: s.Name, To: name})
		}
		for _, d := range uses.Outside {
			args.Egress = append(args.Egress, components.Egress{From: s.Name, To: d})
		}
		if traced {
			args.Egress = append(args.Egress, components.Egress{From: s.Name, To: collector})
		}
		if uses.Database {
			b.reachDatabase(&args, s.Name, b.cfg.Database.Port)
		}
		if port := b.cfg.MetricsPort(s); port != 0 {
			args.Scrapes = append(args.Scrapes, components.Scrape{Service: s.Name, Port: port, Namespace: b.cfg.Observability.Namespace})
		}
	}
	if len(b.schema) > 0 {
		args.Peers = append(args.Peers, components.Peer{Service: components.MigrationService, Selector: components.Selector(components.MigrationService, b.instance)})
		// It is the backend's program with the backend's database, and may need the same proxy or port on the way there.
		for _, d := range b.cfg.Service(config.BackendName).Egress {
			args.Egress = append(args.Egress, components.Egress{From: components.MigrationService, To: d})
		}
		b.reachDatabase(&args, components.MigrationService, b.cfg.Database.MigrationPort)
	}
	if b.database != nil {
		args.Peers = append(args.Peers, components.Peer{Service: config.DatabaseService, Port: b.cfg.Database.Port, Selector: b.database.Selector})
	}
	from, public := b.cfg.Outsiders()
	args.From = components.Outside{OtherNamespaces: from.OtherNamespaces, Namespaces: from.Namespaces, CIDRs: from.CIDRs}
	for _, s := range public {
		args.Public = append(args.Public, s.Name)
	}
	return args
}

// reachDatabase lets a service connect to the stack's database, or to any address: a managed database may be in a private
// network or on the internet, and moves.
func (b *builder) reachDatabase(args *components.NetworkPoliciesArgs, service string, port int) {
	if b.database != nil {
		args.Flows = append(args.Flows, components.Flow{From: service, To: config.DatabaseService})
		return
	}
	args.Egress = append(args.Egress, components.Egress{From: service, To: spec.Destination{Port: port}})
}
