package settings

import (
	"context"
	"strings"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// writtenHandler writes settings into the files of all instances, and has the instances read them.
type writtenHandler struct {
	remote   *remote.Pods
	store    *record.Store
	db       *database.Database
	settings *Settings
	action   plan.Written
}

func (h *writtenHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.LookAt(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		wrong, err := h.wrong(ctx, acting)
		if err != nil || len(wrong) > 0 {
			return engine.PendingIf(wrong), err
		}
		unread, err := h.db.Query(ctx, acting, "postgres", segments.UnreadSQL)
		if err == nil && unread == "t" {
			return engine.PendingIf([]string{"the instances have not read their files since these were changed"}), nil
		}
		return engine.Finding{State: engine.Done}, err
	})
}

// wrong says what is not in the files as it should be: of the settings, and then of those that are to go.
func (h *writtenHandler) wrong(ctx context.Context, acting database.Acting) ([]string, error) {
	configure := configureHandler{h.remote, h.store, h.db, h.settings, plan.Configure{Settings: h.action.Settings}}
	faults, err := configure.faults(ctx, acting)
	if err != nil {
		return nil, err
	}
	altered, err := h.altered(ctx, acting)
	if err != nil {
		return nil, err
	}
	for _, a := range altered {
		for _, name := range a.names {
			faults = append(faults, name+" is what ALTER SYSTEM has set on "+instanceName(a.row))
		}
	}
	if len(h.action.Removed) == 0 {
		return engine.NonEmpty(faults), nil
	}
	left, err := h.settings.ofPrimaries(ctx, acting, segments.InFileSQL(h.action.Removed))
	for i, name := range left {
		left[i] = name + " is set, and is to have its default"
	}
	return engine.NonEmpty(append(faults, left...)), err
}

// alteration is what ALTER SYSTEM has set on an instance.
type alteration struct {
	row   segments.Row
	names []string
}

// altered are the settings that have another value by ALTER SYSTEM, which outranks what gpconfig writes.
func (h *writtenHandler) altered(ctx context.Context, acting database.Acting) ([]alteration, error) {
	var found []alteration
	for _, file := range h.settings.fileSettings(ctx, acting, engine.Lower(h.action.Names())) {
		if file.err != nil {
			return nil, file.err
		}
		a := alteration{row: file.row}
		for _, s := range h.action.Settings {
			if setting := file.settings[strings.ToLower(s.Name)]; setting.Altered && !setting.Has(wantedOn(file.row, s)) {
				a.names = append(a.names, s.Name)
			}
		}
		for _, name := range h.action.Removed {
			if file.settings[strings.ToLower(name)].Altered {
				a.names = append(a.names, name)
			}
		}
		if len(a.names) > 0 {
			found = append(found, a)
		}
	}
	return found, nil
}

// unalter takes back what stands in the way of the files that gpconfig writes.
func (h *writtenHandler) unalter(ctx context.Context, acting database.Acting, progress func(string)) error {
	altered, err := h.altered(ctx, acting)
	if err != nil {
		return err
	}
	return engine.Each(ctx, altered, func(ctx context.Context, _ int, a alteration) error {
		progress("what ALTER SYSTEM has set on " + instanceName(a.row) + " is taken back: " + strings.Join(a.names, ", "))
		_, err := h.remote.Run(ctx, a.row.Pod(), segments.SegmentPsql(a.row.Port, segments.UnalterSQL(engine.Lower(a.names))))
		return err
	})
}

// Do writes what is set, then takes out what is not any more.
func (h *writtenHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	if err := h.unalter(ctx, acting, progress); err != nil {
		return err
	}
	configure := configureHandler{h.remote, h.store, h.db, h.settings, plan.Configure{Settings: h.action.Settings}}
	if err := configure.write(ctx, acting, progress); err != nil {
		return err
	}
	hidden, err := h.settings.hidden(ctx, acting, h.action.Removed)
	if err != nil {
		return err
	}
	for _, name := range h.action.Removed {
		progress(name + " is taken out of the files")
		remove := segments.GpconfigRemove(name, hidden[strings.ToLower(name)])
		if err := h.db.Run(ctx, acting.Pod, "gpconfig-"+name, remove, progress); err != nil {
			return err
		}
	}
	// See UnreadSQL: what is read within the second of the last change cannot be told from what was read before it.
	if err := engine.Sleep(ctx, 1100*time.Millisecond); err != nil {
		return err
	}
	return h.db.Run(ctx, acting.Pod, "gpstop-reload", segments.Gpreload(), progress)
}
