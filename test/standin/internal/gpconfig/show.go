package gpconfig

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/fleet"
	"gpk/test/standin/internal/instance"
)

// value is what an instance has of a setting.
type value struct {
	text string
	set  bool
}

// show prints one value for the coordinator and one for the segments if these
// agree, else every instance's.
func (r *run) show(ctx context.Context) error {
	name := strings.ToLower(r.opt.show)
	values, err := r.values(ctx, name)
	if err != nil {
		return err
	}
	if coordinator, segment, consistent := summary(r.all, values); consistent {
		r.Say("Values on all segments are consistent\n%-17s: %s\n%s\n%s\n", "GUC", r.opt.show,
			report("Coordinator", "coordinator", coordinator), report("Segment    ", "segments", segment))
		return nil
	}
	r.Say("WARNING: GUCS ARE OUT OF SYNC: \n")
	for _, s := range r.all {
		text := "not set in file"
		if v := values[s.DBID]; v.set {
			text = "value: " + v.text
		}
		r.Say("[context: %d] [dbid: %d] [name: %s] [%s]\n", s.Content, s.DBID, r.opt.show, text)
	}
	return nil
}

func report(label, place string, v value) string {
	if !v.set {
		return "No value is set on " + place
	}
	return label + " value: " + v.text
}

// summary tells whether all coordinators agree and all segments do.
func summary(all catalog.Segments, values map[int]value) (coordinator, segment value, consistent bool) {
	seen := map[bool]value{}
	for _, s := range all {
		v, known := values[s.DBID]
		if !known {
			continue
		}
		if before, found := seen[s.Content < 0]; found && before != v {
			return value{}, value{}, false
		}
		seen[s.Content < 0] = v
	}
	return seen[true], seen[false], true
}

func (r *run) values(ctx context.Context, name string) (map[int]value, error) {
	if r.opt.file || instance.GreenplumOnly(name) {
		return r.fileValues(ctx, name)
	}
	var shown string
	err := r.conn.QueryRow(ctx, "select current_setting(name) from pg_settings where lower(name) = $1", name).Scan(&shown)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, r.fatal(console.Error, "Failed to retrieve GUC information, guc \"%s\" does not exist", name)
	}
	if err != nil {
		return nil, err
	}
	values := map[int]value{}
	for _, s := range r.all {
		switch {
		case s.Content < 0:
			values[s.DBID] = value{shown, true}
		case s.Role == catalog.Primary:
			if values[s.DBID], err = ask(ctx, s, name); err != nil {
				return nil, err
			}
		}
	}
	return values, nil
}

func ask(ctx context.Context, s catalog.Segment, name string) (value, error) {
	conn, err := catalog.Remote(ctx, s)
	if err != nil {
		return value{}, fmt.Errorf("%s: %w", s, err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var shown string
	err = conn.QueryRow(ctx, "select current_setting(name) from pg_settings where lower(name) = $1", name).Scan(&shown)
	return value{shown, true}, err
}

func (r *run) fileValues(ctx context.Context, name string) (map[int]value, error) {
	outcomes := fleet.Each(ctx, r.Shell, r.all, 64, func(s catalog.Segment) string { return instance.ShowCommand(s.Dir, name) })
	values := map[int]value{}
	for _, s := range r.all {
		o := outcomes[s.DBID]
		if o.Err != nil {
			r.Log.Print(console.Error, "failed obtaining guc %s from the postgresql.conf files on host: %s msg: %v", name, s.Hostname, o.Err)
			continue
		}
		text, set := strings.CutPrefix(o.Output, "=")
		values[s.DBID] = value{strings.TrimSpace(text), set}
	}
	return values, nil
}
