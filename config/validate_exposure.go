package config

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

const goodDomain = "todo.your-company.com"

var (
	exposures = []Exposure{Localhost, NodePort, LoadBalancer, Ingress, Gateway}

	// hostName also takes one label: a node may be known by it.
	hostName   = regexp.MustCompile(`^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	objectName = regexp.MustCompile(`^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$`)
	// A load balancer's class may have a prefix.
	className = regexp.MustCompile(`^([a-z0-9]([-.a-z0-9]*[a-z0-9])?/)?[A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?$`)
)

// validateExposure checks the keys of the chosen exposure, and that no key is set which only another one reads: it would be
// a wish that nobody grants.
func (c *Config) validateExposure(ps *problems) {
	if !slices.Contains(exposures, c.Exposure) {
		ps.refuse(keyExposure, quoted(string(c.Exposure)), "allowed: localhost, nodePort, loadBalancer, ingress, gateway", string(Localhost))
		return
	}
	for _, k := range []struct {
		key  string
		set  bool
		used []Exposure
	}{
		{keyDomain, c.Domain != "", []Exposure{LoadBalancer, Ingress, Gateway}},
		{keyNodeAddress, c.NodeAddress != "", []Exposure{NodePort}},
		{keyIngressClass, c.Ingress.Class != "", []Exposure{Ingress}},
		{keyTLSSecret, c.TLS.Secret != "", []Exposure{Ingress, Gateway}},
		{keyTLSIssuer, c.TLS.Issuer != "", []Exposure{Ingress, Gateway}},
		{keyTLSClusterIssuer, c.TLS.ClusterIssuer != "", []Exposure{Ingress, Gateway}},
		{keyTLSCertificate, c.TLS.Certificate != nil, []Exposure{Ingress, Gateway}},
		{keyLoadBalancer, c.LoadBalancer != LoadBalancerConfig{}, []Exposure{LoadBalancer}},
		{keyGateway, c.Gateway != GatewayConfig{}, []Exposure{Gateway}},
		{keyExposureAnnotations, len(c.ExposureAnnotations) > 0, []Exposure{LoadBalancer, Ingress, Gateway}},
	} {
		if k.set && !slices.Contains(k.used, c.Exposure) {
			ps.add(Problem{Key: k.key, Got: "set", Want: fmt.Sprintf("it belongs to %s; exposure is %s", joined(k.used), c.Exposure), Fix: ps.remove(k.key)})
		}
	}
	if c.Exposure.named() {
		c.validateDomain(ps)
	}
	switch c.Exposure {
	case NodePort:
		c.validateNodeAddress(ps)
	case LoadBalancer:
		if class := c.LoadBalancer.Class; class != "" && !className.MatchString(class) {
			ps.refuse(keyLoadBalancer+".class", quoted(class), "allowed: [prefix/]name", "service.k8s.aws/nlb")
		}
	case Ingress:
		c.validateTLS(ps)
	case Gateway:
		c.validateGateway(ps)
	}
	for _, name := range slices.Sorted(maps.Keys(c.ExposureAnnotations)) {
		if !annotationName.MatchString(name) {
			path := join(keyExposureAnnotations, name)
			ps.add(Problem{Key: path, Got: "not an annotation's name", Want: "allowed: [prefix/]name", Fix: ps.remove(path)})
		}
	}
	c.validateFrom(ps)
}

// annotationName is Kubernetes' rule; the prefix is a DNS name.
var annotationName = regexp.MustCompile(`^([a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?$`)

func (c *Config) validateDomain(ps *problems) {
	switch domain := c.Domain; {
	case domain == "":
		ps.refuse(keyDomain, "not set", fmt.Sprintf("the %s exposure needs it", c.Exposure), goodDomain)
	case !dnsName.MatchString(domain):
		ps.refuse(keyDomain, quoted(domain), "allowed: a host name without scheme, port, path or wildcard", goodDomain)
	case domain == "example.com" || strings.HasSuffix(domain, ".example.com"):
		ps.add(Problem{Key: keyDomain, Got: quoted(domain), Want: "a placeholder; it must be a domain of yours",
			Fix: ps.set(keyDomain, goodDomain), Later: true})
	}
}

func (c *Config) validateNodeAddress(ps *problems) {
	if c.NodeAddress == "" {
		return // settleExposure looks for it
	}
	if address, err := netip.ParseAddr(c.NodeAddress); err == nil && !address.IsUnspecified() && address.Zone() == "" {
		return
	}
	// What looks like an IPv4 address but is none would pass for a name.
	if !hostName.MatchString(c.NodeAddress) || strings.Trim(c.NodeAddress, "0123456789.") == "" {
		ps.refuse(keyNodeAddress, quoted(c.NodeAddress), "allowed: a node's address or host name, without scheme and port", "192.168.49.2")
	}
}

func (c *Config) validateTLS(ps *problems) {
	c.validateHosts(ps)
	t := c.TLS
	switch {
	case t.Certificate != nil && (t.Secret != "" || t.Issuer != "" || t.ClusterIssuer != ""):
		ps.add(Problem{Key: keyTLSCertificate, Got: "set", Want: "a Secret or an issuer is named too, and the certificate comes from one place", Fix: ps.remove(keyTLSCertificate) + " && " + ps.remove(keyTLSKey)})
	case t.Issuer != "" && t.ClusterIssuer != "":
		ps.add(Problem{Key: keyTLSClusterIssuer, Got: quoted(t.ClusterIssuer), Want: keyTLSIssuer + " is set too, and one certificate has one issuer",
			Fix: ps.remove(keyTLSClusterIssuer)})
	case t == TLS{} && !ps.has(keyTLSCertificate) && !ps.has(keyTLSKey):
		ps.refuse(keyTLSSecret, "not set", fmt.Sprintf("the %s exposure serves https and needs a Secret of type kubernetes.io/tls, or %s or %s to have cert-manager fill one, or %s and %s",
			c.Exposure, keyTLSIssuer, keyTLSClusterIssuer, keyTLSCertificate, keyTLSKey), defaultTLSSecret)
	}
	for key, name := range map[string]string{keyTLSSecret: t.Secret, keyTLSIssuer: t.Issuer, keyTLSClusterIssuer: t.ClusterIssuer} {
		if name != "" && !objectName.MatchString(name) {
			ps.refuse(key, quoted(name), "allowed: the name of an object in Kubernetes", defaultTLSSecret)
		}
	}
}

func (c *Config) validateGateway(ps *problems) {
	g := c.Gateway
	names := map[string]string{"class": g.Class, "name": g.Name, "namespace": g.Namespace, "httpListener": g.HTTPListener, "httpsListener": g.HTTPSListener}
	for _, field := range slices.Sorted(maps.Keys(names)) {
		if names[field] != "" && !objectName.MatchString(names[field]) {
			ps.refuse(keyGateway+"."+field, quoted(names[field]), "allowed: the name of an object in Kubernetes", "<name>")
		}
	}
	// Fields of one way to a Gateway mean nothing on the other.
	stray := func(why string, set map[string]bool) {
		for _, field := range slices.Sorted(maps.Keys(set)) {
			if set[field] {
				ps.add(Problem{Key: field, Got: "set", Want: why, Fix: ps.remove(field)})
			}
		}
	}
	switch {
	case g.Name == "" && g.Class == "":
		ps.refuse(keyGateway+".class", "not set", "the gateway exposure needs a class for a Gateway of its own, or gateway.name for one that is there", "<class>")
	case g.Name != "":
		stray("the Gateway named by gateway.name decides it", map[string]bool{
			keyGateway + ".class": g.Class != "", keyGateway + ".httpPort": g.HTTPPort != 0, keyGateway + ".httpsPort": g.HTTPSPort != 0,
			keyTLSSecret: c.TLS.Secret != "", keyTLSIssuer: c.TLS.Issuer != "", keyTLSClusterIssuer: c.TLS.ClusterIssuer != "",
			keyTLSCertificate:      c.TLS.Certificate != nil,
			keyExposureAnnotations: len(c.ExposureAnnotations) > 0,
		})
		if g.HTTPListener != "" && g.HTTPListener == or(g.HTTPSListener, defaultHTTPSListener) {
			ps.refuse(keyGateway+".httpListener", quoted(g.HTTPListener), "it is the https listener's name; what is redirected to https must not be https", defaultHTTPListener)
		}
	default:
		c.validateTLS(ps)
		stray("it belongs to a Gateway that gateway.name names", map[string]bool{
			keyGateway + ".namespace": g.Namespace != "", keyGateway + ".httpListener": g.HTTPListener != "", keyGateway + ".httpsListener": g.HTTPSListener != "",
		})
		for field, port := range map[string]int{"httpPort": or(g.HTTPPort, httpPort), "httpsPort": or(g.HTTPSPort, httpsPort)} {
			if port < 1 || port > maxPort {
				ps.refuse(keyGateway+"."+field, fmt.Sprint(port), "allowed: 1 to 65535", "8000")
			}
		}
		if or(g.HTTPPort, httpPort) == or(g.HTTPSPort, httpsPort) {
			ps.refuse(keyGateway+".httpsPort", fmt.Sprint(or(g.HTTPSPort, httpsPort)), "it is the http listener's port", fmt.Sprint(httpsPort))
		}
	}
}

func (c *Config) validateFrom(ps *problems) {
	if c.IngressFrom.Given() && !c.NetworkPolicies {
		ps.add(Problem{Key: keyIngressFrom, Got: "set", Want: keyNetworkPolicies + " is false, so everybody gets in", Fix: ps.remove(keyIngressFrom)})
	}
	for i, name := range c.IngressFrom.Namespaces {
		if !dnsLabel.MatchString(name) {
			ps.refuse(fmt.Sprintf("%s.namespaces[%d]", keyIngressFrom, i), quoted(name), "allowed: the name of a namespace", "ingress-nginx")
		}
	}
	for i, cidr := range c.IngressFrom.CIDRs {
		key := fmt.Sprintf("%s.cidrs[%d]", keyIngressFrom, i)
		if network, err := netip.ParsePrefix(cidr); err != nil {
			ps.refuse(key, quoted(cidr), "allowed: a network such as 10.0.0.0/16", "10.0.0.0/16")
		} else if network != network.Masked() {
			ps.refuse(key, quoted(cidr), "its address has bits outside of the network", network.Masked().String())
		}
	}
}

// validatePorts checks the ports through which the localhost and nodePort exposures serve. override is what the stack says.
func (c *Config) validatePorts(s Service, override serviceOverride, ps *problems) {
	key := keyServices + "." + s.Name
	if override.LocalPort != nil && c.Exposure != Localhost {
		ps.add(Problem{Key: key + ".localPort", Got: fmt.Sprint(*override.LocalPort), Want: "it belongs to localhost; exposure is " + string(c.Exposure), Fix: ps.remove(key + ".localPort")})
	}
	if override.NodePort != nil && c.Exposure.named() {
		ps.add(Problem{Key: key + ".nodePort", Got: fmt.Sprint(*override.NodePort), Want: "it belongs to localhost and nodePort; exposure is " + string(c.Exposure), Fix: ps.remove(key + ".nodePort")})
	}
}

func joined(list []Exposure) string {
	var names []string
	for _, e := range list {
		names = append(names, string(e))
	}
	return strings.Join(names, ", ")
}
