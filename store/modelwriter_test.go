package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	maputil "maps"
	"slices"
	"strings"

	rokunits "github.com/rok-storage/rok/units"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
)

func units(n int) rokunits.Bytes { return rokunits.Bytes(n) }

// writer does some things to the maps of its name, one after the other; when it is killed, another process
// goes on.
func (m *model) writer(name string, times int) {
	m.start(name, func(a *actor) {
		s, err := store.New(context.Background(), a, store.Options{Key: m.key})
		for ; err == nil && times > 0 && !a.killed; times-- {
			w := &writing{m, a, s}
			what, err := w.one()
			m.log(fmt.Sprintf("%s: %s: %v", a.name, what, err))
			switch {
			case err == nil:
				m.did.acknowledged++
			case errors.Is(err, store.ErrLeaseLost):
				m.did.lost++
			}
			if err != nil && !m.expected(err) {
				m.errorf("%s: %s: %v", a.name, what, err)
			}
		}
		if a.killed && times > 0 {
			m.did.killed++
			m.writer(name+"'", times)
		}
	})
}

// writing is one process of a writer.
type writing struct {
	m *model
	a *actor
	s *store.Store
}

// name is any that a map may have.
func (w *writing) name() string { return fmt.Sprint("m", w.a.rng.IntN(5)) }

// base is a map that there may be, mostly.
func (w *writing) base() string {
	var names []string
	for _, name := range slices.Sorted(maputil.Keys(w.m.maps)) {
		if !w.m.maps[name].only(absent) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return w.name()
	}
	return names[w.a.rng.IntN(len(names))]
}

func (w *writing) one() (what string, err error) {
	switch n := w.a.rng.IntN(10); {
	case n < 4:
		name := w.name()
		return "register " + name, w.session(func(s *store.Session) error { return w.register(s, name) })
	case n < 6:
		from, name := w.base(), w.name()
		return "update " + from + " to " + name, w.session(func(s *store.Session) error { return w.update(s, from, name) })
	case n < 7:
		name := w.base()
		return "upgrade " + name, w.session(func(s *store.Session) error { return w.upgrade(s, name) })
	case n < 8:
		from, name := w.base(), w.name()
		return "copy " + from + " to " + name, w.session(func(s *store.Session) error { return w.copy(s, from, name) })
	}
	name := w.base()
	return "remove " + name, w.session(func(s *store.Session) error { return w.remove(s, name) })
}

func (w *writing) session(do func(*store.Session) error) error {
	s, err := w.s.Begin(context.Background(), store.SessionOptions{Purpose: "test", Timing: w.m.timing(w.a)})
	if err != nil {
		return err
	}
	err = do(s)
	w.m.note(w.a)
	if ended := s.End(context.Background()); err == nil && !w.m.expected(ended) {
		err = ended
	}
	return err
}

// note counts what was put anew.
func (m *model) note(a *actor) {
	for _, line := range m.trace[max(0, len(m.trace)-20):] {
		if strings.HasPrefix(line[6:], a.name+": put blk") && strings.Contains(line, "~") {
			m.did.copies++
		}
	}
}

// change is a change of a map: as long as it was not answered, it may have been done or not; also if
// others change the map meanwhile.
func (w *writing) change(name, content string, do func() error) error {
	known := w.m.maps[name]
	if known == nil {
		known = &knowledge{may: map[string]bool{absent: true}}
		w.m.maps[name] = known
	}
	known.may[content] = true
	known.changes++
	known.under++
	mine, alone := known.changes, known.under == 1
	err := do()
	known.under--
	if err == nil && alone && mine == known.changes {
		known.may = map[string]bool{content: true}
	}
	return err
}

func (w *writing) publish(s *store.Session, name, content string, body []byte, condition store.Condition) error {
	return w.change(name, content, func() error {
		_, err := s.Publish(context.Background(), name, bytes.NewReader(body), condition)
		return err
	})
}

// condition is that of a new map, or of one that is as it is now, or none.
func (w *writing) condition(name string) (store.Condition, error) {
	if w.a.rng.IntN(4) == 0 {
		return store.Condition{}, nil
	}
	f, err := w.s.OpenFile(context.Background(), name)
	if errors.Is(err, store.ErrMissing) {
		return store.Condition{Absent: true}, nil
	}
	if err != nil {
		return store.Condition{}, err
	}
	return store.Condition{Version: f.Version}, nil
}

func putBlocks(s *store.Session, content string) error {
	for i := range len(content) {
		if content[i] == '0' {
			continue
		}
		if err := s.Put(context.Background(), maps.Block, blockID(content[i]), []byte{content[i]}); err != nil {
			return err
		}
	}
	return nil
}

func (w *writing) register(s *store.Session, name string) error {
	content := w.a.content()
	condition, err := w.condition(name)
	if err != nil {
		return err
	}
	if err := putBlocks(s, content); err != nil {
		return err
	}
	var body bytes.Buffer
	mw, err := maps.NewWriter(&body, s, maps.Spec{Shape: w.a.shape(content)})
	if err != nil {
		return err
	}
	for i := range len(content) {
		if err := mw.Add(context.Background(), uint64(i), blockID(content[i])); err != nil {
			return err
		}
	}
	if _, err := mw.Finish(context.Background()); err != nil {
		return err
	}
	return w.publish(s, name, content, body.Bytes(), condition)
}

// update makes a map of another with a few changes.
func (w *writing) update(s *store.Session, from, name string) error {
	base, _, err := s.Base(context.Background(), from)
	if err != nil {
		return err
	}
	old, err := contentOf(s, base)
	if err != nil {
		return err
	}
	content := []byte(old)
	if w.a.rng.IntN(3) == 0 {
		content = append(content, 'a', '0', 'b')
	}
	for range 1 + w.a.rng.IntN(3) {
		content[w.a.rng.IntN(len(content))] = byte('a' + w.a.rng.IntN(6))
	}
	for c, err := range changes(old, string(content)) {
		if err != nil {
			return err
		}
		if err := putBlocks(s, string(content[c.Index])); err != nil {
			return err
		}
	}
	spec := maps.Spec{Shape: base.Shape}
	spec.Size = maps.MinBlockSize * units(len(content))
	var body bytes.Buffer
	if _, err := maps.Update(context.Background(), &body, s, base, spec, changes(old, string(content))); err != nil {
		return err
	}
	condition, err := w.condition(name)
	if err != nil {
		return err
	}
	return w.publish(s, name, string(content), body.Bytes(), condition)
}

// upgrade keeps the bytes of a map beside it, and makes a tree of it.
func (w *writing) upgrade(s *store.Session, name string) error {
	base, info, err := s.Base(context.Background(), name)
	if err != nil || base.Degree != 0 || strings.HasSuffix(name, ".bak") {
		return err
	}
	content, err := contentOf(s, base)
	if err != nil {
		return err
	}
	kept, err := w.body(info)
	if err != nil {
		return err
	}
	if err := w.publish(s, name+"~v3.bak", content, kept, store.Condition{}); err != nil {
		return err
	}
	var body bytes.Buffer
	if _, err := maps.Upgrade(context.Background(), &body, s, base, 16); err != nil {
		return err
	}
	return w.publish(s, name, content, body.Bytes(), store.Condition{Version: info.Version})
}

// body are a map's bytes as they were.
func (w *writing) body(info store.MapInfo) ([]byte, error) {
	f, err := w.s.OpenFile(context.Background(), info.Name)
	if err != nil {
		return nil, err
	}
	if f.Version != info.Version {
		return nil, store.ErrChanged
	}
	b := make([]byte, f.Size())
	_, err = f.ReadAt(b, 0)
	return b, err
}

// copy publishes a map's bytes under another name, and removes the first if it may.
func (w *writing) copy(s *store.Session, from, name string) error {
	base, info, err := s.Base(context.Background(), from)
	if err != nil || from == name {
		return err
	}
	content, err := contentOf(s, base)
	if err != nil {
		return err
	}
	body, err := w.body(info)
	if err != nil {
		return err
	}
	if err := w.publish(s, name, content, body, store.Condition{}); err != nil || w.a.rng.IntN(2) == 0 {
		return err
	}
	return w.remove(s, from)
}

func (w *writing) remove(s *store.Session, name string) error {
	version := ""
	if w.a.rng.IntN(2) == 0 {
		f, err := w.s.OpenFile(context.Background(), name)
		if err != nil {
			return err
		}
		version = f.Version
	}
	err := w.change(name, absent, func() error { return s.Remove(context.Background(), name, version) })
	if err == nil {
		w.m.did.removed++
	}
	return err
}
