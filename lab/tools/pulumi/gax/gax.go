// Package gax takes the place of Google's, which gocloud.dev names in a function that nothing here calls. The real one
// brings 400 MB of clients for Google's APIs.
package gax

import (
	"context"
	"time"
)

// Backoff is the time between two tries.
type Backoff struct{}

// Pause returns it.
func (*Backoff) Pause() time.Duration { return time.Second }

// Sleep waits for it, or until ctx ends.
func Sleep(ctx context.Context, pause time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pause):
		return nil
	}
}
