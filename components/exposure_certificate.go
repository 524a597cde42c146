package components

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// CertificateArgs are PEM texts; they are made secret here, whatever the caller did.
type CertificateArgs struct{ Chain, Key pulumi.StringInput }

// newCertificate creates the Secret and returns its name. A renewed certificate gets a Secret of another name, so that what
// refers to it changes too.
func newCertificate(ctx *pulumi.Context, name string, args ExposureArgs, child []pulumi.ResourceOption) (pulumi.StringOutput, error) {
	secret, err := corev1.NewSecret(ctx, name, &corev1.SecretArgs{
		Metadata: args.meta("certificate"), Immutable: pulumi.Bool(true), Type: pulumi.String("kubernetes.io/tls"),
		StringData: pulumi.StringMap{
			"tls.crt": pulumi.ToSecret(args.Certificate.Chain).(pulumi.StringOutput),
			"tls.key": pulumi.ToSecret(args.Certificate.Key).(pulumi.StringOutput),
		},
	}, child...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("%s: creating Secret: %w", name, err)
	}
	// A secret name would hide the whole Ingress from preview.
	return pulumi.Unsecret(secret.Metadata.Name().Elem()).(pulumi.StringOutput), nil
}

// with are the same args with the certificate's Secret in the place of a given one.
func (a ExposureArgs) with(secret pulumi.StringInput) ExposureArgs {
	if a.Ingress != nil {
		ingress := *a.Ingress
		ingress.TLSSecret, a.Ingress = secret, &ingress
	}
	if a.Gateway != nil && a.Gateway.Own != nil {
		gateway, own := *a.Gateway, *a.Gateway.Own
		own.TLSSecret = secret
		gateway.Own, a.Gateway = &own, &gateway
	}
	return a
}
