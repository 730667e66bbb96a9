package model

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rok-storage/rok/store"
)

// writer does some things to the maps of its name, one after the other; when it is killed, another process
// goes on.
func (m *model) writer(name string, times int) {
	m.start(name, func(a *actor) {
		s, err := store.New(context.Background(), a.bucket(), store.Options{Key: m.key})
		for ; err == nil && times > 0 && !a.killed; times-- {
			w := &writing{m, a, s}
			what, err := w.one()
			m.log(fmt.Sprintf("%s: %s: %s", a.name, what, outcome(err)))
			switch {
			case err == nil:
				m.did.Acknowledged++
			case errors.Is(err, store.ErrLeaseLost):
				m.did.Lost++
			}
			if err != nil && !expected(err) {
				m.errorf("%s: %s: %v", a.name, what, err)
			}
		}
		if a.killed && times > 0 {
			m.did.Killed++
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
	names := w.m.mapNames()
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
	if ended := s.End(context.Background()); err == nil && !expected(ended) {
		err = ended
	}
	return err
}

// note counts what was put anew.
func (m *model) note(a *actor) {
	for _, line := range m.trace[max(0, len(m.trace)-20):] {
		if strings.HasPrefix(line[6:], a.name+": put blk") && strings.Contains(line, "~") {
			m.did.Copies++
		}
	}
}

func (w *writing) publish(s *store.Session, name, content string, body []byte, condition store.Condition) error {
	return w.m.change(name, content, func() error {
		_, err := s.Publish(context.Background(), name, bytes.NewReader(body), condition)
		return err
	})
}
