package pool

import (
	"context"
	"fmt"
)

// failed reports an error once, until all is well again.
func (w *Watcher) failed(ctx context.Context, p *watched, err error) {
	if text := err.Error(); !p.faults[text] && ctx.Err() == nil {
		p.faults[text] = true
		w.say(p, ActionFailed, "%s", text)
	}
}

// did reports what was done.
func (w *Watcher) did(p *watched, before *State, plan *Plan, err error) {
	if err != nil {
		return
	}
	if plan.Metadata > 0 {
		w.say(p, MetadataExtended, "from %v to %v", before.bytes(before.Metadata), p.state.bytes(p.state.Metadata))
	}
	if plan.Data > 0 {
		w.say(p, DataExtended, "from %v to %v", before.bytes(before.Data), p.state.bytes(p.state.Data))
	}
	if plan.FailWrites != nil && *plan.FailWrites {
		w.say(p, WritesFail, "writes that need a block fail when there is none")
	} else if plan.FailWrites != nil {
		w.say(p, WritesQueue, "writes that need a block wait when there is none")
	}
	if plan.Refuse != nil && *plan.Refuse {
		w.say(p, CreationRefused, "VG %s has the tag %s", before.VG, RefusalTag(before.Pool))
	} else if plan.Refuse != nil {
		w.say(p, CreationAllowed, "VG %s has the tag %s no more", before.VG, RefusalTag(before.Pool))
	}
	if plan.Drop != nil {
		w.say(p, SnapshotDropped, "%s", plan.Drop.Name)
	}
}

// say reports an event of a pool.
func (w *Watcher) say(p *watched, name Name, format string, args ...any) {
	e := Event{Name: name, VG: p.state.VG, Pool: p.state.Pool, Message: fmt.Sprintf(format, args...), Status: p.state.Status, ChunkSize: p.state.ChunkSize}
	if policy := w.policy(p.state); policy != nil {
		e.Hook = policy.Hook
	}
	w.report(e)
}

func (w *Watcher) report(e Event) {
	e.Time = w.cfg.Now()
	w.mu.Lock()
	w.counts[count{e.VG, e.Pool, e.Name}]++
	w.mu.Unlock()
	w.cfg.Report(e)
}
