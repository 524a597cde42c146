//go:build e2e && screenshots

package e2e

import "testing"

// TestScreenshots writes docs/images from the live stack: `make screenshots`.
func TestScreenshots(t *testing.T) {
	b := newBrowser(t)
	b.run(t, "screenshots-no-key")
	withModel(t)
	b.run(t, "screenshots")
}
