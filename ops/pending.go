package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"

	"todo/internal/services"
)

// pendingError says that the pods are well and that a public URL does not lead to them yet.
type pendingError struct{ pending, asked int }

func (e pendingError) Error() string {
	return fmt.Sprintf("smoke test: %d of %d checks are pending", e.pending, e.asked)
}

// journeyAsked reads $JOURNEY: whether the smoke test makes an account. Without it production has none made.
func journeyAsked(production bool) (bool, error) {
	switch answer := os.Getenv("JOURNEY"); answer {
	case "":
		return !production, nil
	case "0", "1":
		return answer == "1", nil
	default:
		return false, fmt.Errorf("JOURNEY=%q; allowed: 1 (the smoke test makes an account and removes it), 0 (it only reads)",
			answer)
	}
}

// named reports whether the stack's URLs need DNS, as config.Exposure's method of that name does.
func (k stackKeys) named() bool {
	return slices.Contains([]string{"loadBalancer", "ingress", "gateway"}, k.Exposure)
}

// readOnly asks the public URLs of services for a page, or for what their readiness probe asks.
func readOnly(ctx context.Context, out Outputs, targets []target, names ...string) []check {
	var checks []check
	for _, name := range names {
		base := out.urls()[name]
		if base == "" || anyOff(targets, name) != "" {
			continue
		}
		path := "/"
		for _, t := range targets {
			for _, p := range t.probes {
				if t.service == name && p.kind == "readiness" && name != services.Web {
					path = p.path
				}
			}
		}
		checks = append(checks, check{what: "public " + name, where: base + path, service: name})
	}
	done := make(chan struct{})
	for i := range checks {
		go func() {
			checks[i] = get(ctx, checks[i])
			done <- struct{}{}
		}()
	}
	for range checks {
		<-done
	}
	return checks
}

// judge decides which failed checks of public URLs are only pending: the pods answer, the URL has not worked before,
// and the reason is one that DNS, a load balancer, a certificate or an ingress controller has while it is being set
// up.
func (o *Ops) judge(
	ctx context.Context, c Cluster, namespace string, targets []target, checks []check,
) ([]check, error) {
	served, err := o.served()
	if err != nil {
		return nil, err
	}
	for i, check := range checks {
		if check.service == "" || check.off {
			continue
		}
		origin := originOf(check.where)
		cause := pendingCause(check.err, check.code)
		switch {
		case check.ok:
			if err := o.markServed(origin, served); err != nil {
				return nil, err
			}
		case cause == "":
		case slices.Contains(served, origin):
			checks[i].status += " (this URL worked after an earlier update)"
		default:
			if why := o.podAnswer(ctx, c, namespace, check, targets); why != "" {
				checks[i].status = why
			} else {
				checks[i].pending, checks[i].status = true, "pending: "+cause+": "+check.status
			}
		}
	}
	return checks, nil
}

// pendingCause is what may be missing yet when a public URL fails like this; "" when the application has to be looked
// at.
func pendingCause(err error, code int) string {
	var dns *net.DNSError
	var op *net.OpError
	var timeout net.Error
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &dns):
		return "the name does not resolve"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return ""
	case errors.As(err, new(*tls.CertificateVerificationError)), errors.As(err, new(tls.RecordHeaderError)),
		errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &op) && op.Op == "remote error": // a TLS alert
		return "no valid certificate is served"
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF),
		errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH),
		errors.As(err, &timeout) && timeout.Timeout():
		return "its address gives no answer"
	case code == http.StatusNotFound, code == http.StatusBadGateway, code == http.StatusServiceUnavailable,
		code == http.StatusGatewayTimeout:
		return "no route leads to the pods"
	}
	return ""
}

// podAnswer asks a pod for what a public check asked, without following a redirect. It returns what is wrong with the
// answer; "" is a good one.
func (o *Ops) podAnswer(ctx context.Context, c Cluster, namespace string, failed check, targets []target) string {
	port := servicePort
	if i := slices.IndexFunc(targets, func(t target) bool { return t.service == failed.service }); i >= 0 {
		port = targets[i].port
	}
	pods, err := o.servingPods(ctx, c, namespace, failed.service)
	if err != nil {
		return err.Error()
	}
	if len(pods) == 0 {
		return errNoPod.Error()
	}
	base, stop, err := o.podPort(ctx, c, namespace, pods[0], port)
	if err != nil {
		return err.Error()
	}
	defer stop()
	client := &http.Client{Timeout: answerLimit, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	path := strings.TrimPrefix(failed.where, originOf(failed.where))
	answer := call(ctx, client, check{}, http.MethodGet, base+path, nil, nil)
	if answer.code == 0 || answer.code >= http.StatusBadRequest {
		return fmt.Sprintf("pod %s itself answers %s", pods[0], answer.status)
	}
	return ""
}

// servedFile lists the public URLs that have worked. It goes with the releases, at `make down`: the next stack may
// get other addresses.
func (o *Ops) servedFile() string { return o.stackState("served") }

func (o *Ops) served() ([]string, error) {
	text, err := os.ReadFile(o.servedFile())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("reading which URLs have worked: %w", err)
	}
	return strings.Fields(string(text)), nil
}

func (o *Ops) markServed(origin string, served []string) error {
	if slices.Contains(served, origin) {
		return nil
	}
	now, err := o.served() // another check may have added one
	if err == nil {
		err = writeFile(o.servedFile(), []byte(strings.Join(append(now, origin), "\n")+"\n"))
	}
	if err != nil {
		return fmt.Errorf("noting that %s works: %w", origin, err)
	}
	return nil
}

// originOf is the scheme and the host of a URL.
func originOf(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

// printPending says what a pending check waits for, where to look, and what checks again.
func (o *Ops) printPending(c Cluster, namespace string, keys stackKeys) {
	kinds := map[string]string{
		"loadBalancer": "services", "ingress": "ingresses", "gateway": "gateways,httproutes",
	}[keys.Exposure]
	fmt.Printf("\n  The pods answer. DNS, the load balancer, the certificate or the route is not in place yet.\n")
	fmt.Printf("  The addresses:  kubectl%s -n %s get %s\n", o.kubectlFlags(c), namespace, kinds)
	fmt.Printf("  Check again:    make smoke%s\n", o.stackArgument())
}

// kubectlFlags are what a printed kubectl command needs to act on this cluster and no other.
func (o *Ops) kubectlFlags(c Cluster) string {
	flags := " --context " + c.Context
	if c.Kubeconfig != "" {
		flags += " --kubeconfig " + o.kubeconfig(c)
	}
	return flags
}

// smokeRelease is the smoke test of an update. Healthy pods make a release: a public URL that is pending does not
// fail it.
func (o *Ops) smokeRelease(ctx context.Context) error {
	err := o.Smoke(ctx)
	if errors.As(err, new(pendingError)) {
		fmt.Println("  The release is recorded.")
		return nil
	}
	return err
}
