package main

import (
	"strings"
	"time"
)

// advice is what to type when the machine, and not the stack, is the reason of an error; "" when it is not.
func advice(err error) string {
	text := err.Error()
	for _, known := range []struct{ sign, advice string }{
		{"no space left on device",
			"the disk is full: df -h shows where; docker system prune and go clean -cache free some. " +
				"Then run the same command again"},
		{"certificate has expired or is not yet valid", "is the clock right? It says " +
			time.Now().Format("2006-01-02 15:04 MST") + ". To set it: sudo timedatectl set-ntp true"},
		{"read-only file system", "the folder named above is read-only: " +
			"HOME, PULUMI_HOME, GOCACHE and the checkout have to be writable"},
		{"permission denied", "does the file belong to another user, after a run with sudo? " +
			"To take it back: sudo chown -R \"$(id -un)\" .state bin"},
	} {
		if strings.Contains(text, known.sign) {
			return "\n" + known.advice
		}
	}
	return ""
}
