package config

import (
	"fmt"
	"net/netip"

	"todo/spec"
)

// egressRule is one way out of the namespace. NetworkPolicies know addresses and no names.
type egressRule struct {
	CIDR string `json:"cidr" default:"any address" doc:"Where the service's pods may connect to besides what the topology knows; of the backend, its migration too." allowed:"a network, for example 10.20.0.0/16; an address is /32"`
	Port int    `json:"port" default:"required" doc:"TCP port there." allowed:"1 to 65535"`
}

func destinations(rules []egressRule) []spec.Destination {
	var all []spec.Destination
	for _, r := range rules {
		all = append(all, spec.Destination{Port: r.Port, CIDR: r.CIDR})
	}
	return all
}

func (s Service) validateEgress(key string, policies bool, ps *problems) {
	if len(s.Egress) > 0 && !policies {
		ps.add(Problem{Key: key + ".egress", Got: "set", Want: "it opens NetworkPolicies, and networkPolicies is false", Fix: ps.remove(key + ".egress")})
	}
	for i, d := range s.Egress {
		path := fmt.Sprintf("%s.egress[%d]", key, i)
		if d.Port < 1 || d.Port > maxPort {
			ps.refuse(path+".port", fmt.Sprint(d.Port), "allowed: 1 to 65535", "443")
		}
		if d.CIDR == "" {
			continue
		}
		if network, err := netip.ParsePrefix(d.CIDR); err != nil {
			ps.refuse(path+".cidr", quoted(d.CIDR), "allowed: a network such as 10.20.0.0/16 or fd00::/8; a policy knows no host names", "10.20.0.0/16")
		} else if network.Masked() != network {
			ps.refuse(path+".cidr", quoted(d.CIDR), "the address must be the network's own", network.Masked().String())
		}
	}
}
