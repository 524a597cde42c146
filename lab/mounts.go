//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
)

// parseMounts returns the mount points in a /proc/self/mountinfo at or below one of roots, innermost first.
func parseMounts(mountinfo string, roots ...string) []string {
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	var points []string
	for line := range strings.Lines(mountinfo) {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		point := unescape.Replace(fields[4])
		for _, root := range roots {
			if point == root || strings.HasPrefix(point, root+"/") {
				points = append(points, point)
				break
			}
		}
	}
	slices.Reverse(points) // a later mount may hide an earlier one, so it goes first
	return points
}

func mountsBelow(roots ...string) ([]string, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	return parseMounts(string(text), roots...), err
}

// unmountBelow unmounts all mounts at or below roots. One that is busy is detached: it goes when its last user does.
func unmountBelow(roots ...string) error {
	points, err := mountsBelow(roots...)
	if err != nil {
		return err
	}
	var failed []error
	for _, point := range points {
		err := syscall.Unmount(point, 0)
		if errors.Is(err, syscall.EBUSY) {
			err = syscall.Unmount(point, syscall.MNT_DETACH)
		}
		if err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOENT) { // no longer mounted
			failed = append(failed, fmt.Errorf("unmounting %s: %w", point, err))
		}
	}
	return errors.Join(failed...)
}

// removeTree removes a folder, never what is mounted in it: the mounts go first, and one that stays keeps the folder.
func removeTree(dir string) error {
	if err := unmountBelow(dir); err != nil {
		return err
	}
	left, err := mountsBelow(dir)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("%s is not removed: %s is still mounted", dir, left[0])
	}
	return os.RemoveAll(dir)
}
