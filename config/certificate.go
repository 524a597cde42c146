package config

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"time"
)

const (
	keyTLSCertificate = "tlsCertificate"
	keyTLSKey         = "tlsKey"
)

// Certificate is a TLS certificate that the stack brings along; both fields are set or none is.
type Certificate struct {
	Chain Secret // PEM, the host's own certificate first
	Key   Secret // PEM

	leaf *x509.Certificate // nil when it cannot be used
}

// validateHosts refuses a certificate that a browser would refuse for one of the public hosts.
func (c *Config) validateHosts(ps *problems) {
	if c.TLS.Certificate == nil || c.TLS.Certificate.leaf == nil || !dnsName.MatchString(c.Domain) {
		return
	}
	leaf := c.TLS.Certificate.leaf
	for _, s := range c.PublicServices() {
		if host := c.Host(s); leaf.VerifyHostname(host) != nil {
			ps.refuse(keyTLSCertificate, fmt.Sprintf("is not for %s but for %s", host, strings.Join(leaf.DNSNames, ", ")),
				"it has to cover every public host: "+c.hosts(), "< <file.pem>")
			return
		}
	}
}

// certificate reads the two keys. That they belong together is checked on the plain text, here: found out by the
// controller, every visitor would get its default certificate instead.
func (l *loader) certificate() *Certificate {
	given := Certificate{Chain: l.secret(keyTLSCertificate, nil), Key: l.secret(keyTLSKey, nil)}
	if given.Chain == "" || given.Key == "" {
		for key, other := range map[string]string{keyTLSCertificate: keyTLSKey, keyTLSKey: keyTLSCertificate} {
			set := map[string]bool{keyTLSCertificate: given.Chain != "", keyTLSKey: given.Key != ""}
			if !set[key] && set[other] && !l.ps.has(key) {
				l.ps.refuse(key, "not set", other+" is, and one is nothing without the other", "< <file.pem>")
			}
		}
		return nil
	}
	pair, err := tls.X509KeyPair([]byte(given.Chain), []byte(given.Key))
	if err != nil {
		// Its message names what is wrong with the PEM and quotes none of it.
		l.ps.refuse(keyTLSCertificate, "cannot be used: "+strings.TrimPrefix(err.Error(), "tls: "), "it and "+keyTLSKey+" are PEM and belong together", "< <file.pem>")
		return &given
	}
	if end := pair.Leaf.NotAfter; time.Now().After(end) {
		l.ps.refuse(keyTLSCertificate, "expired on "+end.UTC().Format(time.DateOnly), "browsers refuse it", "< <file.pem>")
	}
	given.leaf = pair.Leaf
	return &given
}
