//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// need is what a folder needs of its disk.
type need struct {
	folder  string
	content string
	bytes   uint64
}

// Measured with du after a first `make up` on amd64, rounded up; docs/performance.md has the measurement. These are the
// only places where the numbers are written in code. A lab that has been built needs room to work only.
const (
	tenthOfGB    = 1 << 30 / 10
	needModules  = 14 * tenthOfGB
	needCompiled = 48 * tenthOfGB
	needBuilt    = 8 * tenthOfGB
	needState    = 36 * tenthOfGB
	needToWork   = 10 * tenthOfGB
)

// diskNeeds lists the folders that a start fills. Where the tools are built, those of Go are not needed.
func diskNeeds(ctx context.Context, built bool) ([]need, error) {
	if built {
		return []need{{stateDir, "images, volumes", needToWork}}, nil
	}
	cache, err := cacheDir()
	if err != nil {
		return nil, err
	}
	needs := []need{{cache, "tools, base images", needBuilt}, {stateDir, "images, volumes", needState}}
	out, err := exec.CommandContext(ctx, "go", "env", "GOMODCACHE", "GOCACHE").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w; the lab needs Go on PATH", err)
	}
	folders := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(folders) != 2 {
		return nil, fmt.Errorf("go env printed %q instead of two folders", out)
	}
	return append(needs,
		need{folders[0], "Go modules", needModules},
		need{folders[1], "Go's build cache", needCompiled}), nil
}

// clusterNeeds are the needs of `up` as the cache is now.
func clusterNeeds(ctx context.Context) ([]need, error) {
	dirs, err := toolDirs(ctx, clusterTools)
	if err != nil {
		return nil, err
	}
	built := true
	for _, dir := range dirs {
		built = built && isDir(dir)
	}
	return diskNeeds(ctx, built)
}

// diskProblems names each disk that is too full for all that goes there, one line for each.
func diskProblems(disk func(string) (id, free uint64, err error), needs []need) []error {
	var problems []error
	type sum struct {
		free, bytes uint64
		what        []string
	}
	disks := map[uint64]*sum{}
	var order []uint64
	for _, n := range needs {
		id, free, err := disk(n.folder)
		if err != nil {
			problems = append(problems, fmt.Errorf("free space below %s: %w", n.folder, err))
			continue
		}
		if !slices.Contains(order, id) {
			order, disks[id] = append(order, id), &sum{free: free}
		}
		disks[id].bytes += n.bytes
		disks[id].what = append(disks[id].what, n.folder+" ("+n.content+")")
	}
	for _, id := range order {
		if d := disks[id]; d.free < d.bytes {
			problems = append(problems, fmt.Errorf("only %.1f GB are free for %s: %.1f GB are needed; make room there",
				gigabytes(d.free), strings.Join(d.what, ", "), gigabytes(d.bytes)))
		}
	}
	return problems
}

func gigabytes(bytes uint64) float64 { return float64(bytes) / (1 << 30) }

// diskOf identifies the disk that a folder is on or would be made on, and the space that is free there for root.
func diskOf(folder string) (id, free uint64, err error) {
	for {
		var at syscall.Stat_t
		err := syscall.Stat(folder, &at)
		if errors.Is(err, syscall.ENOENT) && folder != "/" {
			folder = filepath.Dir(folder)
			continue
		}
		if err != nil {
			return 0, 0, err
		}
		var info syscall.Statfs_t
		err = syscall.Statfs(folder, &info)
		return at.Dev, info.Bfree * uint64(info.Bsize), err
	}
}
