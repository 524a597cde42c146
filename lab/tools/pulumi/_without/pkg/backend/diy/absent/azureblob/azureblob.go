// Package azureblob takes the place of gocloud.dev's driver of that name, which needs Azure's SDK. It also knows the
// schemes of the other drivers that are left out: without that the CLI takes their URLs for those of Pulumi Cloud.
package azureblob

import (
	"context"
	"fmt"
	"net/url"

	"gocloud.dev/blob"
)

// Scheme is that of the URLs that the driver opens.
const Scheme = "azblob"

func init() {
	for _, scheme := range []string{Scheme, "gs", "s3"} {
		blob.DefaultURLMux().RegisterBucket(scheme, &URLOpener{})
	}
}

// URLOpener refuses to open them.
type URLOpener struct {
	MakeClient        func()
	ServiceURLOptions struct{}
}

// OpenBucketURL implements blob.BucketURLOpener.
func (*URLOpener) OpenBucketURL(_ context.Context, at *url.URL) (*blob.Bucket, error) {
	return nil, fmt.Errorf("the lab's build of Pulumi has no %s:// backend: log in to a folder (file://) or to Pulumi Cloud, or install Pulumi",
		at.Scheme)
}

// NewDefaultClient is what the CLI sets as MakeClient.
func NewDefaultClient() {}

// NewDefaultServiceURLOptions is what the CLI sets as ServiceURLOptions.
func NewDefaultServiceURLOptions() *struct{} { return &struct{}{} }
