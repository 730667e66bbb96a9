package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/units"
)

// mapsTreeSize is the volume of the tree's figures, with no block of zeros in it.
const mapsTreeSize = 4 * units.TiB

// mapsTree is what a tree of degree 128 costs, counted in a store in memory.
type mapsTree struct {
	Size        units.Bytes
	Height      int
	Nodes       int           // of the whole tree
	NodeBytes   int           // their bytes
	Upgrade     time.Duration // processor time: v3 to v4, and the comparison of both
	Change      int           // bytes of new nodes, after one changed block
	ChangeNodes int           // and how many they are
	Diff        int           // nodes read to find that block
}

// countedNodes is a store of nodes that counts. They lie behind each other in one piece,
// so that nobody looks for garbage among them: that is a store's own cost, not the map's.
type countedNodes struct {
	nodes      map[maps.ID]nodePlace
	text       []byte
	gets, puts int
	bytes      int
}

type nodePlace struct{ at, length int }

// newCountedNodes is a store with room for the nodes of so many blocks.
func newCountedNodes(blocks uint64) *countedNodes {
	leaves := int(blocks/maps.AutoDegree) + 1
	return &countedNodes{nodes: make(map[maps.ID]nodePlace, 2*leaves), text: make([]byte, 0, int(blocks)*maps.IDSize+100*leaves)}
}

func (s *countedNodes) Get(_ context.Context, _ maps.Kind, id maps.ID, dst []byte) (int, error) {
	place, ok := s.nodes[id]
	switch {
	case !ok:
		return 0, maps.ErrMissing
	case place.length > len(dst):
		return 0, io.ErrShortBuffer
	}
	s.gets++
	return copy(dst, s.text[place.at:place.at+place.length]), nil
}

func (s *countedNodes) Put(_ context.Context, _ maps.Kind, id maps.ID, data []byte) error {
	if _, there := s.nodes[id]; there {
		return nil
	}
	s.nodes[id] = nodePlace{len(s.text), len(data)}
	s.text = append(s.text, data...)
	s.puts++
	s.bytes += len(data)
	return nil
}

// measureMapsTree makes a v3 map of a volume, a tree of it, and changes a block.
func measureMapsTree(ctx context.Context, size units.Bytes) (t mapsTree, err error) {
	flat, err := flatMap(ctx, size)
	if err != nil {
		return t, err
	}
	store := newCountedNodes(flat.Blocks())
	began := processTime()
	var first bytes.Buffer
	if _, err := maps.Upgrade(ctx, &first, store, flat, maps.AutoDegree); err != nil {
		return t, err
	}
	tree, err := openMap(first.Bytes())
	if err != nil {
		return t, err
	}
	if err := sameEntries(ctx, store, flat, tree); err != nil {
		return t, err
	}
	t = mapsTree{Size: size, Height: tree.Height(), Nodes: store.puts, NodeBytes: store.bytes, Upgrade: processTime() - began}

	store.puts, store.bytes = 0, 0
	var second bytes.Buffer
	block := tree.Blocks() / 3
	change := func(yield func(maps.Change, error) bool) {
		yield(maps.Change{Index: block, ID: mapID(tree.Blocks())}, nil)
	}
	if _, err := maps.Update(ctx, &second, store, tree, maps.Spec{Shape: tree.Shape}, change); err != nil {
		return t, err
	}
	t.Change, t.ChangeNodes = store.bytes, store.puts
	changed, err := openMap(second.Bytes())
	if err != nil {
		return t, err
	}
	store.gets = 0
	for d, err := range maps.Diff(ctx, store, tree, store, changed) {
		if err != nil {
			return t, err
		}
		if d.Index != block {
			return t, fmt.Errorf("block %d differs, and %d was changed", d.Index, block)
		}
	}
	t.Diff = store.gets
	return t, nil
}

func flatMap(ctx context.Context, size units.Bytes) (*maps.Map, error) {
	var text bytes.Buffer
	w, err := maps.NewWriter(&text, nil, maps.Spec{Shape: maps.Shape{Version: 3, Size: size}})
	if err != nil {
		return nil, err
	}
	for i := range uint64(size / maps.DefaultBlockSize) {
		if err := w.Add(ctx, i, mapID(i)); err != nil {
			return nil, err
		}
	}
	if _, err := w.Finish(ctx); err != nil {
		return nil, err
	}
	return openMap(text.Bytes())
}

func openMap(text []byte) (*maps.Map, error) {
	return maps.Open(bytes.NewReader(text), int64(len(text)))
}

func sameEntries(ctx context.Context, store maps.Getter, a, b *maps.Map) error {
	for d, err := range maps.Diff(ctx, store, a, store, b) {
		if err != nil {
			return err
		}
		return fmt.Errorf("block %d: %s and %s", d.Index, d.A, d.B)
	}
	return nil
}

// processTime is what this process has used.
func processTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(errors.Join(errors.New("getrusage of this process"), err)) // it cannot fail
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// runMapsTree is the child that measures a tree.
func runMapsTree(ctx context.Context, args []string, w io.Writer) error {
	if len(args) != 1 {
		return usageError{errors.New("want a size")}
	}
	size, err := units.ParseBytes(args[0])
	if err != nil {
		return usageError{err}
	}
	t, err := measureMapsTree(ctx, size)
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(t)
}
