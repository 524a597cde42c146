//go:build linux

package main

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// parseSockets reads the listening sockets from a /proc/net/tcp or, with tcp false, the bound ones from /proc/net/udp.
func parseSockets(text string, tcp bool) []listener {
	const listenState, unconnected = "0A", "07"
	want := unconnected
	if tcp {
		want = listenState
	}
	var found []listener
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 10 || fields[3] != want {
			continue
		}
		address, port, err := parseSocketAddress(fields[1])
		if err == nil {
			found = append(found, listener{address: address, port: port, inode: fields[9]})
		}
	}
	return found
}

// parseSocketAddress reads "0100007F:1F90": the address is in 32-bit words of the machine's byte order (little-endian
// on all that Debian's packages of the lab are built for).
func parseSocketAddress(text string) (address string, port int, err error) {
	words, hexPort, ok := strings.Cut(text, ":")
	raw, err := hex.DecodeString(words)
	if err != nil || !ok || len(raw)%4 != 0 {
		return "", 0, fmt.Errorf("unexpected socket address %q", text)
	}
	for word := range slices.Chunk(raw, 4) {
		slices.Reverse(word)
	}
	ip, ok := netip.AddrFromSlice(raw)
	if !ok {
		return "", 0, fmt.Errorf("unexpected socket address %q", text)
	}
	number, err := strconv.ParseUint(hexPort, 16, 16)
	return ip.Unmap().String(), int(number), err
}

// oneLine puts a text on one line.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
