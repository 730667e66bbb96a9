package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/storetest"
)

// Commands that read a map that goes meanwhile say that, and not that it is damaged.
func TestReadersOfAMapThatGoes(t *testing.T) {
	m := newMachine(t)
	memory := &storetest.Memory{}
	faulty := &storetest.Faulty{Bucket: memory}
	m.env.bucket = func(string) (store.Bucket, error) { return faulty, nil }
	m.do("disk disk.img 4M", "write disk.img 0 4M 1")
	tree := []string{"-q", "--map-version", "4", "--degree", "16", "--block-size", "64KiB"}
	for _, command := range [][]string{
		{"rok-present", "a", "out.img", "-q"}, {"rok-composer-tool", "show", "a", "--blocks"}, {"rok-composer-tool", "diff", "a", "b"},
	} {
		for _, gone := range []bool{true, false} {
			faulty.Plan = nil
			m.must(append([]string{"rok-register", "disk.img", "a", "disk.img", "b"}, tree...)...)
			m.do("write disk.img 0 4M 2")
			m.must(append([]string{"rok-register", "disk.img", "b"}, tree...)...)
			m.do("write disk.img 0 4M 1")
			gets := 0
			faulty.Plan = func(c storetest.Call) storetest.Fault {
				if c.Op != "get" || c.Key[0] != 'n' && c.Key[0] != 'b' {
					return storetest.Fault{}
				}
				if gets++; gets != 2 {
					return storetest.Fault{}
				}
				return storetest.Fault{Hook: func(ctx context.Context) { forget(t, ctx, memory, gone) }}
			}
			_, stderr, code := m.rok(command...)
			if gone {
				require.Contains(t, stderr, "map a was removed while it was read\n")
				require.Equal(t, int(cli.NotFound), code)
			} else {
				require.Contains(t, stderr, "map a was replaced while it was read; read it again\n")
				require.Equal(t, int(cli.Refused), code)
			}
			require.NotContains(t, stderr, "damaged")
		}
	}
}

// forget takes the map a away, or has another state of it, and collects what only it needed.
func forget(t *testing.T, ctx context.Context, memory *storetest.Memory, gone bool) {
	b := make([]byte, 1<<20)
	n, _, err := memory.Get(ctx, "map/b", 0, b)
	require.NoError(t, err)
	require.NoError(t, memory.Delete(ctx, "map/a"))
	if !gone {
		_, err := memory.Put(ctx, "map/a", bytes.NewReader(b[:n]), store.Condition{})
		require.NoError(t, err)
	}
	st, err := store.New(ctx, memory, store.Options{})
	require.NoError(t, err)
	c, err := st.Collect(ctx, store.CollectOptions{})
	require.NoError(t, err)
	require.Positive(t, c.Freed.Objects)
}
