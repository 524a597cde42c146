// Package gcsblob takes the place of gocloud.dev's driver of that name, which needs Google's SDK.
package gcsblob

// Scheme is that of the URLs that the driver opens.
const Scheme = "gs"
