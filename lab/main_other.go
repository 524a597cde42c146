//go:build !linux

// Command lab runs a Kubernetes cluster from Debian packages and Go modules, which needs Linux.
package main

import (
	"fmt"
	"os"
	"runtime"
)

func main() {
	fmt.Fprintf(os.Stderr, "lab: the lab needs Linux (Debian 12 or later), and this is %s: "+
		"start a local cluster (Docker Desktop, OrbStack, Colima, Minikube or kind) and run make up again\n", runtime.GOOS)
	os.Exit(2)
}
