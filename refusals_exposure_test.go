package main

import (
	"maps"
)

// exposed is a development stack with an exposure and what else it says, as key, value, …
func exposed(exposure string, more ...string) map[string]string {
	all := map[string]string{"todo:exposure": exposure}
	for i := 0; i < len(more); i += 2 {
		all["todo:"+more[i]] = more[i+1]
	}
	return all
}

// onDomain is exposed with what ingress and gateway need anyway.
func onDomain(exposure string, more ...string) map[string]string {
	all := exposed(exposure, "domain", "todo.your-company.com")
	if exposure != "loadBalancer" {
		all["todo:tlsSecret"] = "todo-tls"
	}
	if exposure == "gateway" {
		all["todo:gateway"] = `{"class":"traefik"}`
	}
	maps.Copy(all, exposed(exposure, more...))
	return all
}

// exposureRefusals are those of the keys that say how users get in.
var exposureRefusals = map[string]refusal{
	"exposure":               {config: exposed("ingres"), says: []string{`exposure: "ingres"`, "allowed: localhost, nodePort, loadBalancer, ingress, gateway"}},
	"ingress without domain": {config: exposed("ingress"), says: []string{"domain: not set", "the ingress exposure needs it", "tlsSecret: not set", "tlsIssuer"}},
	"gateway without domain": {config: exposed("gateway"), says: []string{"domain: not set", "gateway.class: not set"}},
	"load balancer without domain": {config: exposed("loadBalancer"),
		says: []string{"domain: not set", "the loadBalancer exposure needs it"}},

	"class without ingress":  {config: exposed("localhost", "ingressClass", "nginx"), says: []string{"ingressClass: set", "it belongs to ingress; exposure is localhost"}},
	"tls under nodePort":     {config: exposed("nodePort", "nodeAddress", "10.1.2.3", "tlsSecret", "todo-tls"), says: []string{"tlsSecret: set", "it belongs to ingress, gateway"}},
	"issuer under nodePort":  {config: exposed("nodePort", "nodeAddress", "10.1.2.3", "tlsIssuer", "ca", "tlsClusterIssuer", "ca"), says: []string{"tlsIssuer: set", "tlsClusterIssuer: set"}},
	"gateway under ingress":  {config: onDomain("ingress", "gateway", `{"class":"traefik"}`), says: []string{"gateway: set", "it belongs to gateway", "pulumi config rm -s dev gateway"}},
	"balancer under ingress": {config: onDomain("ingress", "loadBalancer", `{"tls":true}`), says: []string{"loadBalancer: set"}},
	"annotations on localhost": {config: exposed("localhost", "exposureAnnotations", `{"a/b":"c"}`),
		says: []string{"exposureAnnotations: set", "it belongs to loadBalancer, ingress, gateway"}},
	"node address under ingress": {config: onDomain("ingress", "nodeAddress", "10.1.2.3"), says: []string{"nodeAddress: set", "it belongs to nodePort"}},

	"unknown node address":  {config: exposed("nodePort", "kubeContext", "todo-lab"), says: []string{"nodeAddress: not set", "kubectl get nodes"}},
	"node address as URL":   {config: exposed("nodePort", "nodeAddress", "http://10.1.2.3:30000"), says: []string{`nodeAddress: "http://`, "without scheme and port"}},
	"node address mistyped": {config: exposed("nodePort", "nodeAddress", "10.1.2.300"), says: []string{`nodeAddress: "10.1.2.300"`}},
	"node address of none":  {config: exposed("nodePort", "nodeAddress", "0.0.0.0"), says: []string{`nodeAddress: "0.0.0.0"`}},
	"no node port":          {config: exposed("nodePort", "nodeAddress", "10.1.2.3", "services", `{"backend":{"nodePort":0}}`), says: []string{"services.backend.nodePort: 0", "needs one for each service", "--path services.backend.nodePort 30800"}},
	"node port out of range under nodePort": {config: exposed("nodePort", "nodeAddress", "10.1.2.3", "services", `{"backend":{"nodePort":80}}`),
		says: []string{"services.backend.nodePort: 80", "30000 to 32767"}},
	"default node port twice": {config: exposed("nodePort", "nodeAddress", "10.1.2.3", "services", `{"frontend-web":{"nodePort":30800}}`),
		says: []string{"services.frontend-web.nodePort: 30800", "already that of backend"}},
	"node port under ingress": {config: onDomain("ingress", "services", `{"backend":{"nodePort":30800}}`),
		says: []string{"services.backend.nodePort: 30800", "belongs to localhost and nodePort", "pulumi config rm -s dev --path services.backend.nodePort"}},
	"nodePort in prod": {stack: "prod", config: exposed("nodePort", "domain", "", "ingressClass", "", "tlsSecret", "", "nodeAddress", "10.1.2.3"),
		says: []string{`exposure: "nodePort"`, "plain http"}},

	"local port twice":          {config: exposed("localhost", "services", `{"backend":{"localPort":3000}}`), says: []string{"services.frontend-web.localPort: 3000", "already that of backend"}},
	"local port out of range":   {config: exposed("localhost", "services", `{"backend":{"localPort":70000}}`), says: []string{"services.backend.localPort: 70000", "1 to 65535"}},
	"local port under nodePort": {config: exposed("nodePort", "nodeAddress", "10.1.2.3", "services", `{"backend":{"localPort":8001}}`), says: []string{"services.backend.localPort: 8001", "belongs to localhost"}},

	"two issuers":            {config: onDomain("ingress", "tlsIssuer", "ca", "tlsClusterIssuer", "ca"), says: []string{`tlsClusterIssuer: "ca"`, "one certificate has one issuer"}},
	"secret's name":          {config: onDomain("ingress", "tlsSecret", "Todo TLS"), says: []string{`tlsSecret: "Todo TLS"`}},
	"issuer's name":          {config: onDomain("gateway", "tlsIssuer", "ca!"), says: []string{`tlsIssuer: "ca!"`}},
	"certificate in prod":    {stack: "prod", config: map[string]string{"todo:tlsSecret": ""}, says: []string{"tlsSecret: not set"}},
	"annotation's name":      {config: onDomain("ingress", "exposureAnnotations", `{"not a name":"x"}`), says: []string{"exposureAnnotations.not a name: ", `--path 'exposureAnnotations.not a name'`}},
	"field of the program's": {config: onDomain("ingress", "ingressFrom", `{"-":true}`), says: []string{"ingressFrom.-: unknown field", "allowed: cidrs, namespaces"}},
	"annotation of number":   {config: onDomain("ingress", "exposureAnnotations", `{"a/b":[1]}`), says: []string{"exposureAnnotations.a/b: a list"}},

	"load balancer's class": {config: onDomain("loadBalancer", "loadBalancer", `{"class":"a b"}`), says: []string{`loadBalancer.class: "a b"`}},
	"load balancer's field": {config: onDomain("loadBalancer", "loadBalancer", `{"ssl":true}`), says: []string{"loadBalancer.ssl: unknown field"}},
	"plain load balancer in prod": {stack: "prod", config: exposed("loadBalancer", "ingressClass", "", "tlsSecret", ""),
		says: []string{"loadBalancer.tls: false", "plain http", "pulumi config set -s prod --path loadBalancer.tls true"}},

	"gateway by class and name":  {config: onDomain("gateway", "tlsSecret", "", "gateway", `{"class":"traefik","name":"shared"}`), says: []string{"gateway.class: set", "the Gateway named by gateway.name decides it"}},
	"named gateway with secret":  {config: onDomain("gateway", "gateway", `{"name":"shared"}`), says: []string{"tlsSecret: set", "gateway.name"}},
	"named gateway with ports":   {config: onDomain("gateway", "tlsSecret", "", "gateway", `{"name":"shared","httpsPort":8443}`), says: []string{"gateway.httpsPort: set"}},
	"named gateway's listeners":  {config: onDomain("gateway", "tlsSecret", "", "gateway", `{"name":"shared","httpListener":"https"}`), says: []string{`gateway.httpListener: "https"`, "must not be https"}},
	"own gateway with namespace": {config: onDomain("gateway", "gateway", `{"class":"traefik","namespace":"infra","httpsListener":"tls"}`), says: []string{"gateway.namespace: set", "gateway.httpsListener: set"}},
	"gateway's name":             {config: onDomain("gateway", "gateway", `{"class":"Traefik_1"}`), says: []string{`gateway.class: "Traefik_1"`}},
	"gateway's port":             {config: onDomain("gateway", "gateway", `{"class":"traefik","httpPort":70000}`), says: []string{"gateway.httpPort: 70000"}},
	"gateway's ports":            {config: onDomain("gateway", "gateway", `{"class":"traefik","httpPort":443}`), says: []string{"gateway.httpsPort: 443", "the http listener's port"}},
	"own gateway without TLS":    {config: onDomain("gateway", "tlsSecret", ""), says: []string{"tlsSecret: not set", "the gateway exposure"}},
	"gateway's field":            {config: onDomain("gateway", "gateway", `{"clas":"traefik"}`), says: []string{"gateway.clas: unknown field", "did you mean class?"}},

	"who gets in, for nothing": {config: onDomain("ingress", "networkPolicies", "false", "ingressFrom", `{"namespaces":["ingress-nginx"]}`), says: []string{"ingressFrom: set", "everybody gets in"}},
	"namespace that gets in":   {config: onDomain("ingress", "ingressFrom", `{"namespaces":["Ingress"]}`), says: []string{`ingressFrom.namespaces[0]: "Ingress"`, "--path 'ingressFrom.namespaces[0]' ingress-nginx"}},
	"address that gets in":     {config: onDomain("ingress", "ingressFrom", `{"cidrs":["10.0.0.1"]}`), says: []string{`ingressFrom.cidrs[0]: "10.0.0.1"`}},
	"network that gets in":     {config: onDomain("ingress", "ingressFrom", `{"cidrs":["::/0","10.0.0.1/16"]}`), says: []string{`ingressFrom.cidrs[1]: "10.0.0.1/16"`, "10.0.0.0/16"}},
	"field of who gets in":     {config: onDomain("ingress", "ingressFrom", `{"cidr":"10.0.0.0/16"}`), says: []string{"ingressFrom.cidr: unknown field", "did you mean cidrs?"}},
}
