//go:build linux

package main

import (
	"errors"
	"strings"
	"testing"
)

func TestDiskProblemsNameFolderAndNeed(t *testing.T) {
	free := func(folder string) (uint64, error) {
		switch folder {
		case "/full":
			return 3 << 30, nil
		case "/broken":
			return 0, errors.New("no such device")
		}
		return 20 << 30, nil
	}
	problems := diskProblems(free, "/roomy", "/full", "/broken")
	if len(problems) != 2 {
		t.Fatalf("problems: %v; want one for /full and one for /broken", problems)
	}
	if got := problems[0].Error(); !strings.Contains(got, "3.0 GB") || !strings.Contains(got, "/full") || !strings.Contains(got, "10 GB") {
		t.Errorf("%q lacks what is free, where, or what is needed", got)
	}
}

func TestPortProblemsNameTheProcessAndSpareOurOwn(t *testing.T) {
	own := func(pid int) bool { return pid == 1 }
	problems := portProblems([]listener{
		{address: "127.0.0.1", port: 2379, pid: 1, program: "etcd"},
		{address: "127.0.0.1", port: 6443, pid: 7, program: "other"},
		{address: "::", port: 5000},
		{address: "127.0.0.53", port: 53, pid: 8, program: "resolver"},
		{address: "0.0.0.0", port: 53, pid: 9, program: "named"},
		{address: "0.0.0.0", port: 53, pid: 9, program: "named"},
		{address: "0.0.0.0", port: 8080, pid: 9, program: "unrelated"},
	}, own)
	want := []string{"port 6443 on 127.0.0.1 is taken by other (pid 7)", "port 5000 on :: is taken by a process that cannot be found", "port 53 on 0.0.0.0 is taken by named (pid 9)"}
	if len(problems) != len(want) {
		t.Fatalf("problems: %v; want %d", problems, len(want))
	}
	for i, p := range problems {
		if !strings.HasPrefix(p.Error(), want[i]) {
			t.Errorf("%q does not begin with %q", p, want[i])
		}
	}
}

func TestParseSockets(t *testing.T) {
	const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
   1: 0100007F:1388 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 0 0 10 0
`
	const tcp6 = `   0: 00000000000000000000000000000000:192B 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 99 1 0
`
	got := append(parseSockets(tcp, true), parseSockets(tcp6, true)...)
	want := []listener{{address: "127.0.0.1", port: 5000, inode: "4711"}, {address: "::", port: 6443, inode: "99"}}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %+v, want %+v: only listening sockets", got, want)
	}
}
