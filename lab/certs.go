//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"slices"
	"time"
)

// certValidity is long because nothing renews the lab's certificates; `down` and `up` make new ones.
const certValidity = 10 * 365 * 24 * time.Hour

// pki returns the path of a certificate (.crt), key (.key) or public key (.pub).
func pki(file string) string { return state("pki", file) }

// leaf is a certificate to be issued. Clients name their user and groups as Kubernetes' built-in roles know them.
type leaf struct {
	name, ca, user string
	groups         []string
	server         bool // for connections to this machine
	client         bool // of a server that connects to itself too
}

func leaves() []leaf {
	return []leaf{
		{name: "apiserver", ca: "ca", user: "kube-apiserver", server: true},
		{name: "apiserver-kubelet", ca: "ca", user: "kube-apiserver-kubelet-client", groups: []string{"system:masters"}},
		{name: "admin", ca: "ca", user: "admin", groups: []string{"system:masters"}},
		{name: "controller-manager", ca: "ca", user: "system:kube-controller-manager"},
		{name: "scheduler", ca: "ca", user: "system:kube-scheduler"},
		{name: "kubelet", ca: "ca", user: "system:node:" + nodeName, groups: []string{"system:nodes"}},
		{name: "proxy", ca: "ca", user: "system:kube-proxy"},
		{name: traefikName, ca: "ca", user: traefikUser},
		{name: "front-proxy", ca: "front-ca", user: "front-proxy"},
		{name: "etcd", ca: "etcd-ca", user: "etcd", server: true, client: true},
		{name: etcdClient, ca: "etcd-ca", user: "kube-apiserver"},
	}
}

// authorities sign the leaves: the cluster's own; one for what the API server shows to aggregated APIs; one for etcd,
// which would let in every client of the cluster's.
var authorities = []string{"ca", "front-ca", "etcd-ca"}

// ensureCerts makes what is missing: the authorities, the service-account key, the leaves, and a kubeconfig for each
// client. A server's certificate is replaced when the node's address is no longer in it. It reports whether anything
// was made.
func ensureCerts(n Network) (made bool, err error) {
	if err := os.MkdirAll(state("pki"), 0o700); err != nil {
		return false, err
	}
	for _, name := range authorities {
		if _, err := tls.LoadX509KeyPair(pki(name+".crt"), pki(name+".key")); err == nil {
			continue
		}
		made = true
		template := newTemplate("todo-lab-"+name, nil)
		template.IsCA, template.BasicConstraintsValid = true, true
		template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
		if err := issue(name, template, ""); err != nil {
			return false, err
		}
	}
	if _, err := os.Stat(pki("sa.pub")); errors.Is(err, fs.ErrNotExist) {
		made = true
		if err := newServiceAccountKey(); err != nil {
			return false, err
		}
	}
	for _, l := range leaves() {
		if l.current(n) {
			continue
		}
		made = true
		template := newTemplate(l.user, l.groups)
		template.KeyUsage = x509.KeyUsageDigitalSignature
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		if l.server {
			template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
			if l.client {
				template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
			}
			template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.ParseIP(n.APIService()), net.ParseIP(n.NodeIP)}
			template.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}
		}
		if err := issue(l.name, template, l.ca); err != nil {
			return false, err
		}
	}
	return made, writeKubeconfigs()
}

// current says that a leaf is there, signed by the present authority, and right for the node's address.
func (l leaf) current(n Network) bool {
	pair, err := tls.LoadX509KeyPair(pki(l.name+".crt"), pki(l.name+".key"))
	if err != nil {
		return false
	}
	authority, err := tls.LoadX509KeyPair(pki(l.ca+".crt"), pki(l.ca+".key"))
	if err != nil || pair.Leaf.CheckSignatureFrom(authority.Leaf) != nil || time.Now().After(pair.Leaf.NotAfter) {
		return false
	}
	return !l.server || slices.ContainsFunc(pair.Leaf.IPAddresses, net.ParseIP(n.NodeIP).Equal)
}

func newTemplate(user string, groups []string) *x509.Certificate {
	return &x509.Certificate{
		Subject:   pkix.Name{CommonName: user, Organization: groups},
		NotBefore: time.Now().Add(-time.Hour), // a clock that is set back a little does no harm
		NotAfter:  time.Now().Add(certValidity),
	}
}

// issue signs template with the authority ca, or with its own key when ca is "", and writes certificate and key.
func issue(name string, template *x509.Certificate, ca string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return err
	}
	parent, signer := template, any(key)
	if ca != "" {
		authority, err := tls.LoadX509KeyPair(pki(ca+".crt"), pki(ca+".key"))
		if err != nil {
			return err
		}
		parent, signer = authority.Leaf, authority.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return fmt.Errorf("certificate %s: %w", name, err)
	}
	if err := writeKey(name, key); err != nil {
		return err
	}
	return writePEM(pki(name+".crt"), "CERTIFICATE", der, 0o644)
}

// newServiceAccountKey makes the key pair that signs and checks the tokens of pods.
func newServiceAccountKey() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	if err := writeKey("sa", key); err != nil {
		return err
	}
	return writePEM(pki("sa.pub"), "PUBLIC KEY", public, 0o644)
}

func writeKey(name string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(pki(name+".key"), "EC PRIVATE KEY", der, 0o600)
}

func writePEM(path, kind string, der []byte, mode os.FileMode) error {
	return writeFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
}

// kubeconfig is the path of a client's kubeconfig.
func kubeconfig(client string) string {
	if client == "admin" {
		return adminConf
	}
	return state("config", client+".conf")
}

// writeKubeconfigs writes one kubeconfig per client with everything embedded, so that it can be copied anywhere.
func writeKubeconfigs() error {
	ca, err := os.ReadFile(pki("ca.crt"))
	if err != nil {
		return err
	}
	for _, client := range []string{"admin", "controller-manager", "scheduler", "kubelet", "proxy", traefikName} {
		cert, err := os.ReadFile(pki(client + ".crt"))
		if err != nil {
			return err
		}
		key, err := os.ReadFile(pki(client + ".key"))
		if err != nil {
			return err
		}
		if err := writeFile(kubeconfig(client), renderKubeconfig(ca, cert, key), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func renderKubeconfig(ca, cert, key []byte) []byte {
	encode := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: %[1]s
contexts:
- name: %[1]s
  context: {cluster: %[1]s, user: %[1]s}
clusters:
- name: %[1]s
  cluster:
    server: https://127.0.0.1:6443
    certificate-authority-data: %[2]s
users:
- name: %[1]s
  user:
    client-certificate-data: %[3]s
    client-key-data: %[4]s
`, clusterName, encode(ca), encode(cert), encode(key))
}
