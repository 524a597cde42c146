//go:build linux

package main

import (
	"strings"
	"testing"
)

func TestSystemProblemNamesTheSystem(t *testing.T) {
	const (
		bookworm = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n"
		bullseye = "PRETTY_NAME=\"Debian GNU/Linux 11 (bullseye)\"\nVERSION_ID=\"11\"\nID=debian\n"
		next     = "PRETTY_NAME=\"Debian GNU/Linux forky/sid\"\nID=debian\n"
		ubuntu   = "PRETTY_NAME=\"Ubuntu 24.04.2 LTS\"\nVERSION_ID=\"24.04\"\nID=ubuntu\nID_LIKE=debian\n"
		fedora   = "PRETTY_NAME='Fedora Linux 42'\nVERSION_ID=42\nID=fedora\n"
	)
	for _, c := range []struct{ why, arch, release, want string }{
		{"Debian 12", "amd64", bookworm, ""},
		{"Debian 12 on arm64", "arm64", bookworm, ""},
		{"Debian's next release has no number", "amd64", next, ""},
		{"too old a Debian", "amd64", bullseye, "Debian GNU/Linux 11 (bullseye)"},
		{"Ubuntu, which has apt too", "amd64", ubuntu, "Ubuntu 24.04.2 LTS"},
		{"Fedora", "amd64", fedora, "Fedora Linux 42"},
		{"no /etc/os-release", "amd64", "", "unknown system"},
		{"another processor", "riscv64", bookworm, "riscv64"},
	} {
		err := systemProblem(c.arch, c.release)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error that names %q", c.why, err, c.want)
		}
		if err != nil && !strings.Contains(err.Error(), "Minikube") {
			t.Errorf("%s: %v does not say what else can be used", c.why, err)
		}
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
