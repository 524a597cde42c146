//go:build linux

package main

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func TestDiskProblemsSumWhatGoesToOneDisk(t *testing.T) {
	const gb = 1 << 30
	disk := func(folder string) (id, free uint64, err error) {
		switch {
		case strings.HasPrefix(folder, "/small"):
			return 1, 5 * gb, nil
		case folder == "/broken":
			return 0, 0, errors.New("no such device")
		}
		return 2, 20 * gb, nil
	}
	for _, c := range []struct {
		why   string
		needs []need
		want  []string // each problem's parts, separated by |
	}{
		{"all fits", []need{{"/small/a", "x", 4 * gb}, {"/large", "y", 9 * gb}}, nil},
		{"each fits, but both are on one disk",
			[]need{{"/small/a", "modules", 3 * gb}, {"/large", "y", gb}, {"/small/b", "images", 3 * gb}},
			[]string{"only 5.0 GB|/small/a (modules), /small/b (images)|6.0 GB are needed|make room"}},
		{"one folder that cannot be looked at", []need{{"/broken", "x", gb}}, []string{"/broken|no such device"}},
	} {
		problems := diskProblems(disk, c.needs)
		if len(problems) != len(c.want) {
			t.Errorf("%s: problems %v, want %d", c.why, problems, len(c.want))
			continue
		}
		for i, want := range c.want {
			for part := range strings.SplitSeq(want, "|") {
				if !strings.Contains(problems[i].Error(), part) {
					t.Errorf("%s: %q lacks %q", c.why, problems[i], part)
				}
			}
		}
	}
}

func TestDiskNeedsCoverGoUntilTheToolsAreBuilt(t *testing.T) {
	modules, compiled := filepath.Join(t.TempDir(), "modules"), filepath.Join(t.TempDir(), "compiled")
	t.Setenv("GOMODCACHE", modules)
	t.Setenv("GOCACHE", compiled)
	needs, err := diskNeeds(context.Background(), false)
	if err != nil {
		t.Fatal(err)
	}
	folders := map[string]uint64{}
	for _, n := range needs {
		folders[n.folder] = n.bytes
	}
	if folders[modules] == 0 || folders[compiled] == 0 || folders[stateDir] == 0 || len(folders) != 4 {
		t.Errorf("a first start needs %v: the caches of Go, the lab's own and its state are wanted", needs)
	}
	needs, err = diskNeeds(context.Background(), true)
	if err != nil || len(needs) != 1 || needs[0].bytes >= folders[stateDir] {
		t.Errorf("a lab that is built needs %v, %v: only room to work is wanted", needs, err)
	}
	if id, free, err := diskOf(filepath.Join(modules, "not", "there")); err != nil || free == 0 || id == 0 {
		t.Errorf("a folder that does not exist: disk %d, %d bytes free, %v; want those of its parent", id, free, err)
	}
}
