// Package azureblob takes the place of gocloud.dev's driver of that name, which needs Azure's SDK.
package azureblob

import (
	"context"
	"errors"
	"net/url"

	"gocloud.dev/blob"
)

// Scheme is that of the URLs that the driver opens.
const Scheme = "azblob"

// URLOpener refuses to open them.
type URLOpener struct {
	MakeClient        func()
	ServiceURLOptions struct{}
}

// OpenBucketURL implements blob.BucketURLOpener.
func (*URLOpener) OpenBucketURL(context.Context, *url.URL) (*blob.Bucket, error) {
	return nil, errors.New("the lab's build of Pulumi has no azblob:// backend: log in to a folder (file://) or to Pulumi Cloud, or install Pulumi")
}

// NewDefaultClient is what the CLI sets as MakeClient.
func NewDefaultClient() {}

// NewDefaultServiceURLOptions is what the CLI sets as ServiceURLOptions.
func NewDefaultServiceURLOptions() *struct{} { return &struct{}{} }
