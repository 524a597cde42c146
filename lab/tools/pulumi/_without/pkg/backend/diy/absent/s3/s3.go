// Package s3 takes the place of the package of AWS' SDK. The CLI changes a request of it, which no driver here makes.
package s3

// CopyObjectInput is that request.
type CopyObjectInput struct{ CopySource *string }
