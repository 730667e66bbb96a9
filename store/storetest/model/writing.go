package model

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
)

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

func (w *writing) register(s *store.Session, name string) error {
	content := w.a.content()
	condition, err := w.condition(name)
	if err != nil {
		return err
	}
	if err := PutBlocks(s, content); err != nil {
		return err
	}
	var body bytes.Buffer
	mw, err := maps.NewWriter(&body, s, maps.Spec{Shape: w.a.shape(content)})
	if err != nil {
		return err
	}
	for i := range len(content) {
		if err := mw.Add(context.Background(), uint64(i), BlockID(content[i])); err != nil {
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
		if err := PutBlocks(s, string(content[c.Index])); err != nil {
			return err
		}
	}
	spec := maps.Spec{Shape: base.Shape}
	spec.Size = SizeOf(string(content))
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
	err := w.m.change(name, absent, func() error { return s.Remove(context.Background(), name, version) })
	if err == nil {
		w.m.did.Removed++
	}
	return err
}
