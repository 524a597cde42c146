//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
)

// dnsAddr is where CoreDNS listens: link-local, so it never meets a real network, and an alias on lo, because some
// kernels have no dummy device.
const dnsAddr = "169.254.20.10"

// Network is what the lab's addresses are made from. It is chosen once and kept: pods and certificates carry it.
type Network struct {
	NodeIP   string       `json:"nodeIP"`   // the machine's own address; follows the machine
	Pods     netip.Prefix `json:"pods"`     // of which the node's pods get all
	Services netip.Prefix `json:"services"` // virtual: kube-proxy's
	Docker   netip.Prefix `json:"docker"`   // containers of the lab's Docker
}

// The first of each that no interface of the machine overlaps is taken; the first ones are what kubeadm and most
// documentation use.
var (
	podRanges     = []string{"10.244.0.0/16", "10.144.0.0/16", "172.28.0.0/16", "192.168.128.0/18"}
	serviceRanges = []string{"10.96.0.0/16", "10.196.0.0/16", "172.29.0.0/16", "192.168.192.0/19"}
	dockerRanges  = []string{"10.245.0.0/24", "10.145.0.0/24", "172.30.255.0/24", "192.168.250.0/24"}
)

// chooseNetwork picks the node's address and ranges that the machine's own networks do not overlap. A range chosen
// earlier is kept.
func chooseNetwork(previous Network, nodeIP string, used []netip.Prefix) (Network, error) {
	n := previous
	n.NodeIP = nodeIP
	for _, choice := range []struct {
		what  string
		at    *netip.Prefix
		among []string
	}{{"pods", &n.Pods, podRanges}, {"Services", &n.Services, serviceRanges}, {"Docker", &n.Docker, dockerRanges}} {
		if choice.at.IsValid() {
			continue
		}
		free, ok := firstFree(choice.among, used)
		if !ok {
			return Network{}, fmt.Errorf("no free address range for %s: all of %s overlap a network of this machine", choice.what, strings.Join(choice.among, ", "))
		}
		*choice.at = free
	}
	return n, nil
}

func firstFree(ranges []string, used []netip.Prefix) (netip.Prefix, bool) {
next:
	for _, text := range ranges {
		prefix := netip.MustParsePrefix(text)
		for _, u := range used {
			if prefix.Overlaps(u) {
				continue next
			}
		}
		return prefix, true
	}
	return netip.Prefix{}, false
}

// APIService is the address of the Service `kubernetes`: always the first of the range.
func (n Network) APIService() string { return n.Services.Addr().Next().String() }

// DockerGateway is the bridge's own address with its range, as `ip address add` takes it.
func (n Network) DockerGateway() string {
	return fmt.Sprintf("%s/%d", n.Docker.Addr().Next(), n.Docker.Bits())
}

// loadNetwork chooses the network for this start and keeps it.
func loadNetwork() (Network, error) {
	var previous Network
	path := state("network.json")
	if text, err := os.ReadFile(path); err == nil {
		if err := json.Unmarshal(text, &previous); err != nil {
			return Network{}, fmt.Errorf("%s: %w", path, err)
		}
	}
	nodeIP, err := defaultAddress()
	if err != nil {
		return Network{}, err
	}
	used, err := machineNetworks()
	if err != nil {
		return Network{}, err
	}
	n, err := chooseNetwork(previous, nodeIP, used)
	if err != nil {
		return Network{}, err
	}
	text, err := json.Marshal(n)
	if err != nil {
		return Network{}, err
	}
	return n, writeFile(path, append(text, '\n'), 0o644)
}

// defaultAddress is the IPv4 address that the machine uses toward others. Connecting a datagram socket sends nothing.
func defaultAddress() (string, error) {
	if conn, err := net.Dial("udp4", "198.51.100.1:9"); err == nil {
		defer conn.Close()
		if addr, ok := conn.LocalAddr().(*net.UDPAddr); ok && !addr.IP.IsLoopback() {
			return addr.IP.String(), nil
		}
	}
	// No default route: any address that is not the lab's own will do.
	used, err := machineNetworks()
	if err != nil {
		return "", err
	}
	if len(used) == 0 {
		return "", errors.New("the machine has no IPv4 address besides loopback, which a node cannot use")
	}
	return used[0].Addr().String(), nil
}

// machineNetworks lists the IPv4 networks of the interfaces that are not the lab's.
func machineNetworks() ([]netip.Prefix, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var networks []netip.Prefix
	for _, i := range interfaces {
		if i.Flags&net.FlagLoopback != 0 || i.Name == podBridge || i.Name == dockerBridge {
			continue
		}
		addrs, err := i.Addrs()
		if err != nil {
			return nil, err
		}
		for _, a := range addrs {
			prefix, err := netip.ParsePrefix(a.String())
			if err == nil && prefix.Addr().Is4() && !prefix.Addr().IsLinkLocalUnicast() {
				networks = append(networks, prefix)
			}
		}
	}
	return networks, nil
}
