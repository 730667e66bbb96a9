package pool

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/rok-storage/rok/lvm"
)

// scan reads the VGs: which pools there are, and what each may have.
func (w *Watcher) scan(ctx context.Context) {
	scan, err := w.cfg.Host.System.Scan(ctx, lvm.ScanOptions{})
	if err != nil {
		if text := err.Error(); text != w.fault && ctx.Err() == nil {
			w.fault = text
			w.report(Event{Name: ActionFailed, Message: text})
		}
		return
	}
	w.fault, w.stale = "", false
	there := map[string]bool{}
	for _, g := range scan.VGs {
		for _, name := range Pools(g.VG) {
			s, err := StateOf(g.VG, name)
			if err != nil {
				continue // it was there a line above
			}
			key := g.VG.Name + "/" + name
			there[key] = true
			w.update(key, s, g.VG)
			w.mend(ctx, w.pools[key], g.VG)
		}
	}
	for _, p := range w.sorted() {
		if key := p.state.VG + "/" + p.state.Pool; !there[key] {
			w.say(p, Gone, "it is in no VG any more")
			delete(w.pools, key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(w.cfg.Policies)) {
		if !there[key] && !w.lost[key] {
			w.lost[key] = true
			vg, name, _ := strings.Cut(key, "/")
			w.report(Event{Name: NoSuchPool, VG: vg, Pool: name, Message: "there is a policy for it, and no such pool"})
		}
	}
}

// update has the pool as its VG says it is now.
func (w *Watcher) update(key string, s *State, vg *lvm.VG) {
	uuid := lvm.DeviceUUID(vg.ID, vg.LV(s.Pool).ID, lvm.LayerThinPool)
	p := w.pools[key]
	if p == nil || p.uuid != uuid {
		p = &watched{state: s, uuid: uuid, device: w.cfg.Host.device(vg, s.Pool), is: map[Name]bool{}, busy: map[lvm.ID]bool{}, faults: map[string]bool{}}
		w.pools[key] = p
		_ = w.cfg.Host.ask(s, p.device) // the look that follows says what is wrong
		if w.cfg.Policies[key] == nil {
			w.say(p, Watched, "without a policy: nothing is changed")
		} else {
			w.say(p, Watched, "by %s", SectionName(s.VG, s.Pool))
		}
	}
	var fresh []string
	known := map[lvm.ID]bool{}
	for _, v := range s.Volumes {
		known[v.ID] = true
		if p.known != nil && !p.known[v.ID] {
			fresh = append(fresh, v.Name)
		}
	}
	if len(fresh) > 0 && p.state.Refusing && s.Refusing {
		w.say(p, CreatedAllTheSame, "%s: not by rok, which refuses it", strings.Join(fresh, ", "))
	}
	s.Active, s.Status = p.state.Active, p.state.Status
	p.state, p.known = s, known
}

// mend has a pool go on that somebody left suspended.
func (w *Watcher) mend(ctx context.Context, p *watched, vg *lvm.VG) {
	done, err := w.cfg.Host.mend(ctx, vg, p.state)
	switch {
	case err != nil:
		w.failed(ctx, p, err)
	case done:
		w.say(p, Resumed, "a program that was killed had left it suspended")
	}
}
