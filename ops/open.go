package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
)

// Open opens the stack's first URL in a browser. It starts the forward when the URL needs one, and only prints the
// URL on a machine without a browser.
func (o *Ops) Open(ctx context.Context) error {
	out, err := o.quickOutputs(ctx)
	if err != nil {
		return err
	}
	all := out.addresses()
	if len(all) == 0 {
		return fmt.Errorf("stack %s has no URL: no service is public", o.Stack)
	}
	url := all[0].url
	if pid, _ := o.forwardRunning(); pid == 0 && len(out.forwards()) > 0 {
		cluster, err := o.locateBy(func() (Outputs, error) { return out, nil })
		if err != nil {
			return err
		}
		if err := o.portsFree(); err != nil {
			return err
		}
		if err := o.forwardInBackground(out.assignment(cluster)); err != nil {
			return err
		}
	}
	if page := get(ctx, check{where: url}); !page.ok {
		return fmt.Errorf("%s does not answer well: %s; make status%s says more", url, page.status, o.stackArgument())
	}
	fmt.Println(url)
	if opener := o.opener(runtime.GOOS); opener != "" {
		limited, cancel := context.WithTimeout(ctx, statusLimit)
		defer cancel()
		if err := exec.CommandContext(limited, opener, url).Run(); err != nil {
			fmt.Fprintf(os.Stderr, "  %s did not open it: %v\n", opener, err)
		}
	}
	return nil
}

// opener is the program that opens a URL in the user's browser, or "". xdg-open without a desktop starts a text
// browser, or none.
func (o *Ops) opener(system string) string {
	if system == "darwin" {
		return o.look("open")
	}
	if path := o.look("wslview"); path != "" {
		return path
	}
	if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return ""
	}
	return o.look("xdg-open")
}
