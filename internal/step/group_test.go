package step

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestAnInterruptEndsTheWholeGroup interrupts a command whose child would write a file after a while. The child has the
// command's output open, so the command is over only when the child is.
func TestAnInterruptEndsTheWholeGroup(t *testing.T) {
	dir := t.TempDir()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	p := &Printer{Out: &bytes.Buffer{}, LogDir: t.TempDir()}
	err := p.Run("Working", func(s *Step) error {
		go func() {
			for ctx.Err() == nil {
				if _, err := os.Stat(filepath.Join(dir, "begun")); err == nil {
					interrupt()
				}
				time.Sleep(10 * time.Millisecond)
			}
		}()
		return s.Command(ctx, dir, nil, "sh", "-c", "(touch begun; sleep 5; touch ended) & wait")
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that it was interrupted", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "ended")); err == nil {
		t.Error("the command's child ran on after the interrupt")
	}
}
