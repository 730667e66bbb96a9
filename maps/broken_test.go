package maps

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/rok-storage/rok/units"
	"github.com/stretchr/testify/require"
)

var errBroken = errors.New("broken")

// fuse lets so many calls through, and then none.
type fuse struct {
	*memory
	dst  io.Writer
	src  io.ReaderAt
	left int
}

func (f *fuse) burn() error {
	if f.left--; f.left < 0 {
		return errBroken
	}
	return nil
}

func (f *fuse) Get(ctx context.Context, kind Kind, id ID, dst []byte) (int, error) {
	if err := f.burn(); err != nil {
		return 0, err
	}
	return f.memory.Get(ctx, kind, id, dst)
}

func (f *fuse) Put(ctx context.Context, kind Kind, id ID, data []byte) error {
	if err := f.burn(); err != nil {
		return err
	}
	return f.memory.Put(ctx, kind, id, data)
}

func (f *fuse) Write(p []byte) (int, error) {
	if err := f.burn(); err != nil {
		return 0, err
	}
	return f.dst.Write(p)
}

func (f *fuse) ReadAt(p []byte, off int64) (int, error) {
	if err := f.burn(); err != nil {
		return 0, err
	}
	return f.src.ReadAt(p, off)
}

// Whatever call of store, source and destination breaks: the error comes out, and nothing
// that looks like a map.
func TestEveryCallBreaks(t *testing.T) {
	const size = 300*int(MinBlockSize) - 7
	volume := make([]byte, size)
	for _, i := range []int{0, 17, 18, 290, 299} {
		volume[i*int(MinBlockSize)] = byte(i + 1)
	}
	for name, s := range shapes() {
		s.Size = units.Bytes(size)
		store := newMemory()
		var out bytes.Buffer
		_, err := Build(t.Context(), &out, store, bytes.NewReader(volume), Spec{Shape: s})
		require.NoError(t, err)
		base := opened(t, out.Bytes())
		less := s
		less.Size = 18*MinBlockSize + 5
		for what, do := range map[string]func(*fuse) error{
			"build": func(f *fuse) error {
				short := Spec{Shape: s}
				short.Size = 20 * MinBlockSize
				_, err := Build(t.Context(), f, f, f, short)
				return err
			},
			"rebase": func(f *fuse) error {
				_, err := Rebase(t.Context(), f, f, base, f, Spec{Shape: s}, []Range{{0, 5}, {290 * MinBlockSize, 1}})
				return err
			},
			"resize": func(f *fuse) error {
				_, err := Resize(t.Context(), f, f, base, Spec{Shape: less})
				return err
			},
			"upgrade": func(f *fuse) error {
				degree := 16
				if s.Degree == 16 {
					degree = 64
				}
				_, err := Upgrade(t.Context(), f, f, base, degree)
				return err
			},
			"read": func(f *fuse) error {
				r, err := NewReader(t.Context(), f, base)
				if err != nil {
					return err
				}
				_, err = r.ReadAt(make([]byte, 100), 299*int64(MinBlockSize)-50)
				return err
			},
			"diff": func(f *fuse) error {
				other, _ := made(t, store, s, map[uint64]ID{5: someID(5), 298: someID(6)})
				for _, err := range Diff(t.Context(), f, base, f, other) {
					if err != nil {
						return err
					}
				}
				return nil
			},
		} {
			calls := 0
			for ; ; calls++ {
				f := &fuse{memory: store, dst: &bytes.Buffer{}, src: bytes.NewReader(volume), left: calls}
				err := do(f)
				if err == nil {
					require.GreaterOrEqual(t, f.left, 0, "%s of %s: call %d broke, and no error came", what, name, calls)
					break
				}
				require.ErrorIs(t, err, errBroken, "%s of %s", what, name)
				require.NotEmpty(t, err.Error())
			}
			require.True(t, calls > 0 || what == "diff" && s.Version == 3, "%s of %s", what, name)
		}
	}
}
