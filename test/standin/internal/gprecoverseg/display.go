package gprecoverseg

import (
	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/mirroring"
)

const width = 57 // of a line of dashes

func (r *run) display(pairs []mirroring.Pair) {
	r.Log.Info("Greenplum instance recovery parameters")
	r.Log.Rule(width)
	switch {
	case r.opt.file != "":
		r.Log.Info("Recovery from configuration -i option supplied")
	case r.opt.hosts != "":
		r.Log.Info("Recovery type              = Pool Host")
		r.Log.Info("Pool host for recovery     = %s", r.opt.hosts)
	default:
		r.Log.Info("Recovery type              = Standard")
	}
	for i, p := range pairs {
		r.Log.Rule(width)
		r.Log.Info("Recovery %d of %d", i+1, len(pairs))
		r.Log.Rule(width)
		mode := "Incremental"
		if p.Full {
			mode = "Full"
		}
		var t console.Table
		t.Row("Synchronization mode", "= "+mode)
		mirroring.Place(&t, "Failed", *p.Failed)
		mirroring.Place(&t, "Recovery Source", p.Live)
		if p.Moves() {
			mirroring.Place(&t, "Recovery Target", p.Mirror)
		} else {
			t.Row("Recovery Target", "= in-place")
		}
		t.Print(r.Log)
	}
	r.Log.Rule(width)
	for _, p := range pairs {
		if p.Moves() && p.Live.Hostname == p.Mirror.Hostname {
			r.Log.Print(console.Warning, "Segment is being recovered to the same host as its primary: primary %s:%s    failover target: %s:%s",
				p.Live.Address, p.Live.Dir, p.Mirror.Address, p.Mirror.Dir)
		}
	}
}

func (r *run) displayUnbalanced(unbalanced catalog.Segments) {
	r.Log.Info("Greenplum instance recovery parameters")
	r.Log.Rule(width)
	r.Log.Info("Recovery type              = Rebalance")
	names := map[string]string{catalog.Primary: "Primary", catalog.Mirror: "Mirror"}
	for i, s := range unbalanced {
		r.Log.Rule(width)
		r.Log.Info("Unbalanced segment %d of %d", i+1, len(unbalanced))
		r.Log.Rule(width)
		var t console.Table
		mirroring.Place(&t, "Unbalanced", s)
		t.Row("Balanced role", "= "+names[s.PreferredRole])
		t.Row("Current role", "= "+names[s.Role])
		t.Print(r.Log)
	}
	r.Log.Rule(width)
}
