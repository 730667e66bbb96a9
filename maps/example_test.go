package maps_test

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/rok-storage/rok/maps"
)

// inMemory is a store of one program.
type inMemory map[maps.ID][]byte

func (s inMemory) Get(_ context.Context, _ maps.Kind, id maps.ID, dst []byte) (int, error) {
	data, ok := s[id]
	switch {
	case !ok:
		return 0, maps.ErrMissing
	case len(data) > len(dst):
		return 0, io.ErrShortBuffer
	}
	return copy(dst, data), nil
}

func (s inMemory) Put(_ context.Context, _ maps.Kind, id maps.ID, data []byte) error {
	s[id] = bytes.Clone(data)
	return nil
}

// A volume is registered, changed, and registered again; what differs is one block.
func Example() {
	ctx, store, volume := context.Background(), inMemory{}, make([]byte, 1<<20)
	copy(volume, "hello")
	spec := maps.Spec{Shape: maps.Shape{Version: 4, Degree: maps.AutoDegree, BlockSize: maps.MinBlockSize, Size: 1 << 20}}

	var first, second bytes.Buffer
	_, err := maps.Build(ctx, &first, store, bytes.NewReader(volume), spec)
	if err != nil {
		fmt.Println(err)
		return
	}
	before, err := maps.Open(bytes.NewReader(first.Bytes()), int64(first.Len()))
	if err != nil {
		fmt.Println(err)
		return
	}
	copy(volume[700000:], "world")
	after, err := maps.Rebase(ctx, &second, store, before, bytes.NewReader(volume), spec, []maps.Range{{Start: 700000, Length: 5}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(before.NonZero, after.NonZero, before.Root() == after.Root())
	for d, err := range maps.Diff(ctx, store, before, store, &maps.Map{Header: after}) {
		fmt.Println(d.Index, d.A.IsZero(), err)
	}
	// Output:
	// 1 2 false
	// 10 true <nil>
}
