package network

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os/exec"
)

// Taken reads every IPv4 network that the host has a route to, in all its
// routing tables. Its own addresses are among them, as routes of type local.
func Taken(ctx context.Context) ([]netip.Prefix, error) {
	out, err := exec.CommandContext(ctx, "ip", "-json", "-4", "route", "show", "table", "all").Output()
	if err != nil {
		return nil, fmt.Errorf("read the host's routes: %w", err)
	}
	return parseRoutes(out)
}

func parseRoutes(out []byte) ([]netip.Prefix, error) {
	var routes []struct {
		Dst string `json:"dst"`
	}
	if err := json.Unmarshal(out, &routes); err != nil {
		return nil, fmt.Errorf("read the host's routes: %w", err)
	}
	var taken []netip.Prefix
	for _, r := range routes {
		if r.Dst == "default" { // covers all, clashes with nothing
			continue
		}
		if p, err := netip.ParsePrefix(r.Dst); err == nil && p.Bits() > 0 {
			taken = append(taken, p.Masked())
			continue
		}
		a, err := netip.ParseAddr(r.Dst)
		if err != nil {
			return nil, fmt.Errorf("read the host's routes: %q is neither an address nor a network", r.Dst)
		}
		taken = append(taken, netip.PrefixFrom(a, a.BitLen()))
	}
	return taken, nil
}
