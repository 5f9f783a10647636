package mirroring

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/fleet"
	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/shell"
)

// LetIn lets mirrors into the primaries they are to be made from.
func (b Builder) LetIn(ctx context.Context, pairs []Pair) {
	b.Log.Info("Starting to create new pg_hba.conf on primary segments")
	mirrors := map[int]string{}
	var primaries catalog.Segments
	for _, p := range pairs {
		mirrors[p.Live.DBID] = p.Mirror.Address
		primaries = append(primaries, p.Live)
	}
	outcomes := fleet.Each(ctx, b.Shell, primaries, b.Width, func(s catalog.Segment) string {
		mirror := mirrors[s.DBID]
		lines := append(instance.ReplicationHBA(b.User, s.Address, mirror), fmt.Sprintf("host all %s %s trust", b.User, mirror))
		hba := shell.Quote(filepath.Join(s.Dir, instance.HBAFile))
		commands := make([]string, 0, len(lines)+1)
		for _, line := range lines {
			commands = append(commands, fmt.Sprintf("{ grep -qxF %[1]s %[2]s || echo %[1]s >> %[2]s; }", shell.Quote(line), hba))
		}
		return b.Remote(strings.Join(append(commands, instance.ReloadCommand(s.Dir)), " && "))
	})
	for _, s := range primaries {
		if err := outcomes[s.DBID].Err; err != nil {
			b.Log.Print(console.Warning, "could not let the mirror into %s: %v", s, err)
		}
	}
	b.Log.Info("Successfully modified pg_hba.conf on primary segments to allow replication connections")
}
