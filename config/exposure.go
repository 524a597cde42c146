package config

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
)

const (
	keyExposure            = "exposure"
	keyDomain              = "domain"
	keyNodeAddress         = "nodeAddress"
	keyLoadBalancer        = "loadBalancer"
	keyIngressClass        = "ingressClass"
	keyGateway             = "gateway"
	keyTLSSecret           = "tlsSecret"
	keyTLSIssuer           = "tlsIssuer"
	keyTLSClusterIssuer    = "tlsClusterIssuer"
	keyExposureAnnotations = "exposureAnnotations"
	keyIngressFrom         = "ingressFrom"
)

// Exposure says how users outside the cluster reach the application. The public URLs follow from it, and from the URLs
// the CORS origins, build arguments, cookies, network policies and outputs.
type Exposure string

const (
	// Localhost keeps http://localhost:<port> through a port-forward; web and chatbot are NodePorts as well.
	Localhost Exposure = "localhost"
	// NodePort serves http://<nodeAddress>:<nodePort>, each service on a port of every node.
	NodePort Exposure = "nodePort"
	// LoadBalancer gives each service a load balancer of its own, for http(s)://<domain>, chat.<domain> and api.<domain>.
	LoadBalancer Exposure = "loadBalancer"
	// Ingress serves https://<domain>, https://chat.<domain> and https://api.<domain>.
	Ingress Exposure = "ingress"
	// Gateway serves what Ingress does, through the Gateway API.
	Gateway Exposure = "gateway"
)

// IngressConfig matters only to the ingress exposure.
type IngressConfig struct {
	Class string // "" is the cluster's default class
}

// TLS is the certificate of the ingress exposure, and of a Gateway of the stack's own.
type TLS struct {
	Secret        string       // of type kubernetes.io/tls in the namespace, valid for the three hosts
	Issuer        string       // cert-manager's Issuer that fills Secret; "" is none
	ClusterIssuer string       // or its ClusterIssuer
	Certificate   *Certificate // nil is none; instead of the three above
}

// LoadBalancerConfig matters only to the loadBalancer exposure.
type LoadBalancerConfig struct {
	Class string `json:"class" default:"the cluster's" doc:"Class of the load balancers, for a cluster with several controllers." allowed:"the name of a class"`
	TLS   bool   `json:"tls" doc:"The load balancers terminate TLS, as their annotations say: URLs are https, on port 443." allowed:"true, false"`
}

// Port is what every load balancer listens on.
func (l LoadBalancerConfig) Port() int {
	if l.TLS {
		return httpsPort
	}
	return httpPort
}

// GatewayConfig matters only to the gateway exposure: either the class of a Gateway of the stack's own, or the name of one
// that is there.
type GatewayConfig struct {
	Class         string `json:"class" default:"required without name" doc:"GatewayClass, for a Gateway of the stack's own." allowed:"the name of a GatewayClass"`
	HTTPPort      int    `json:"httpPort" doc:"Port of the own Gateway's http listener. Some controllers number their listeners otherwise than the world does." allowed:"1 to 65535"`
	HTTPSPort     int    `json:"httpsPort" doc:"Port of the own Gateway's https listener." allowed:"1 to 65535, not httpPort"`
	Name          string `json:"name" doc:"A Gateway that is there, instead of one of the stack's own; it holds the certificate." allowed:"the name of a Gateway"`
	Namespace     string `json:"namespace" default:"the stack's" doc:"Namespace of that Gateway." allowed:"the name of a namespace"`
	HTTPListener  string `json:"httpListener" doc:"That Gateway's plain listener, which gets the redirect to https." allowed:"a listener's name"`
	HTTPSListener string `json:"httpsListener" doc:"That Gateway's TLS listener, which gets the services." allowed:"a listener's name"`
}

// Own tells whether the stack makes the Gateway itself.
func (g GatewayConfig) Own() bool { return g.Name == "" }

// From is who may reach the public services past the NetworkPolicies; the zero value leaves it to the exposure.
type From struct {
	Namespaces []string `json:"namespaces" default:"as the exposure needs it" doc:"Namespaces whose pods get in, for example the ingress controller's." allowed:"names of namespaces"`
	CIDRs      []string `json:"cidrs" default:"as the exposure needs it" doc:"Addresses that get in: of load balancers that are no pods, or of clients." allowed:"networks such as 10.0.0.0/16"`

	OtherNamespaces bool `json:"-"` // pods of every namespace but the stack's; an exposure's own default
}

// Outsiders are who may reach the public services from outside of the namespace, as far as NetworkPolicies decide it, and
// which services are public.
func (c *Config) Outsiders() (From, []Service) {
	public := c.PublicServices()
	from := c.IngressFrom
	switch c.Exposure {
	case Localhost:
		// A port-forward needs no rule, nor does a NodePort that is called on the node itself. The node of Minikube is called
		// from the machine around it, and a policy sees that machine's address.
		public = slices.DeleteFunc(public, func(s Service) bool { return s.NodePort == 0 })
		if !from.Given() && c.Kube.HostNetwork != "" {
			from.CIDRs = []string{c.Kube.HostNetwork}
		}
	case NodePort, LoadBalancer:
		// Whoever reaches the port may use it. A policy could tell clients apart no better: on most networks it sees the
		// address of the node that passed a connection on.
		if !from.Given() {
			from.CIDRs = []string{"0.0.0.0/0", "::/0"}
		}
	default:
		// The controller is a pod of another namespace; which one, and under which labels, is the cluster's business.
		from.OtherNamespaces = !from.Given()
	}
	return from, public
}

// Given tells whether the stack says who may get in.
func (f From) Given() bool { return len(f.Namespaces)+len(f.CIDRs) > 0 }

const (
	defaultHTTPListener  = "http"
	defaultHTTPSListener = "https"
	defaultTLSSecret     = "todo-tls" // where cert-manager puts what it issued
	unknownNodeAddress   = "node-address.invalid"
)

// WebURL is where a browser finds the web front.
func (c *Config) WebURL() string { return c.PublicURL(c.Service(WebName)) }

// ChatbotURL is where a browser finds the chatbot.
func (c *Config) ChatbotURL() string { return c.PublicURL(c.Service(ChatbotName)) }

// APIURL is where a browser, or any other client outside the cluster, finds the backend.
func (c *Config) APIURL() string { return c.PublicURL(c.Service(BackendName)) }

// PublicServices returns the services that users reach from outside.
func (c *Config) PublicServices() []Service {
	return slices.DeleteFunc(c.Services(), func(s Service) bool { return !s.Public.Enabled || s.Port == 0 })
}

// PublicURL is where users find a service; "" when they do not reach it.
func (c *Config) PublicURL(s Service) string {
	if !s.Enabled || !s.Public.Enabled || s.Port == 0 {
		return ""
	}
	path := strings.TrimSuffix(s.Public.Path, "/")
	switch c.Exposure {
	case Localhost:
		return fmt.Sprintf("http://localhost:%d", s.LocalPort)
	case NodePort:
		return "http://" + net.JoinHostPort(c.NodeAddress, strconv.Itoa(s.NodePort))
	case LoadBalancer:
		if !c.LoadBalancer.TLS {
			return "http://" + c.Host(s) + path
		}
	}
	return "https://" + c.Host(s) + path
}

// named tells whether the exposure serves host names below the domain.
func (e Exposure) named() bool { return e == LoadBalancer || e == Ingress || e == Gateway }

// Host is the public host name of a service under an exposure with a domain.
func (c *Config) Host(s Service) string {
	if s.Public.Host != "" {
		return s.Public.Host
	}
	prefix, known := hostPrefix[s.Name]
	if !known {
		prefix = s.Name + "."
	}
	return prefix + c.Domain
}

// CookieDomain lets the fronts share one session: a cookie of localhost, or of a node, ignores ports and needs no domain.
func (c *Config) CookieDomain() string {
	if c.Exposure.named() {
		return c.Domain
	}
	return ""
}

// HTTPSOnly tells whether every public URL is https.
func (c *Config) HTTPSOnly() bool {
	return c.Exposure == Ingress || c.Exposure == Gateway || (c.Exposure == LoadBalancer && c.LoadBalancer.TLS)
}

// NextCommand is what to type once the stack is up.
func (c *Config) NextCommand() string {
	if c.RenderYAML != "" {
		return "git add " + c.RenderYAML
	}
	switch c.Exposure {
	case Localhost:
		if c.Stack != "dev" { // which make takes by itself
			return "make forward STACK=" + c.Stack
		}
		return "make forward"
	case LoadBalancer:
		kubectl := "kubectl"
		if c.Kube.Context != "" {
			kubectl += " --context " + c.Kube.Context
		}
		return fmt.Sprintf("point %s at these addresses: %s -n %s get services", c.hosts(), kubectl, c.Namespace)
	default:
		public := c.PublicServices()
		if len(public) == 0 {
			return "make status"
		}
		first := public[0]
		return "curl --fail " + c.PublicURL(first) + first.Probes.Readiness
	}
}

func (c *Config) hosts() string {
	var hosts []string
	for _, s := range c.PublicServices() {
		hosts = append(hosts, c.Host(s))
	}
	return strings.Join(hosts, ", ")
}

// exposure reads the keys that say how users get in.
func (l *loader) exposure(c *Config, chosen cluster) {
	c.Exposure = Exposure(l.text(keyExposure, string(Localhost)))
	c.Domain = l.text(keyDomain, "")
	c.NodeAddress = l.text(keyNodeAddress, "")
	c.Ingress = IngressConfig{Class: l.text(keyIngressClass, "")}
	c.TLS = TLS{Secret: l.text(keyTLSSecret, ""), Issuer: l.text(keyTLSIssuer, ""), ClusterIssuer: l.text(keyTLSClusterIssuer, ""), Certificate: l.certificate()}
	l.object(keyLoadBalancer, &c.LoadBalancer)
	l.object(keyGateway, &c.Gateway)
	annotations := map[string]string{}
	l.object(keyExposureAnnotations, &annotations)
	l.object(keyIngressFrom, &c.IngressFrom)
	if len(annotations) > 0 {
		c.ExposureAnnotations = annotations
	}
	c.nodeAddressOfCluster = chosen.NodeAddress
}

// settleExposure fills in what follows from the other keys, once the cluster is known and the keys as given are checked.
func (c *Config) settleExposure(ps *problems) {
	switch c.Exposure {
	case NodePort:
		c.NodeAddress = or(c.NodeAddress, or(c.nodeAddressOfCluster, c.Kube.nodeAddress))
		if c.NodeAddress == "" {
			c.NodeAddress = unknownNodeAddress // only a preview goes on with it
			ps.add(Problem{Key: keyNodeAddress, Got: "not set", Want: "the URLs hold it, and neither make up nor the kubeconfig knows it",
				Fix: ps.set(keyNodeAddress, `"$(kubectl get nodes -o jsonpath='{.items[0].status.addresses[0].address}')"`), Later: true})
		}
	case Gateway:
		c.Gateway.HTTPPort, c.Gateway.HTTPSPort = or(c.Gateway.HTTPPort, httpPort), or(c.Gateway.HTTPSPort, httpsPort)
		c.Gateway.HTTPListener, c.Gateway.HTTPSListener = or(c.Gateway.HTTPListener, defaultHTTPListener), or(c.Gateway.HTTPSListener, defaultHTTPSListener)
	}
	if c.TLS.Issuer != "" || c.TLS.ClusterIssuer != "" {
		c.TLS.Secret = or(c.TLS.Secret, defaultTLSSecret)
	}
}
