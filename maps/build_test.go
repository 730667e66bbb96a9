package maps

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/rok-storage/rok/units"
	"github.com/stretchr/testify/require"
)

// someVolume is random data with holes, blocks twice, and an end within a block.
func someVolume(r *rand.Rand, size int) []byte {
	b := make([]byte, size)
	for range r.IntN(12) {
		at := r.IntN(size)
		part := b[at:min(size, at+r.IntN(2*int(MinBlockSize)))]
		for i := range part {
			part[i] = byte(r.Uint32())
		}
	}
	if size > 4*int(MinBlockSize) {
		copy(b[2*MinBlockSize:3*MinBlockSize], b[:MinBlockSize])
	}
	return b
}

func TestBuildAndRead(t *testing.T) {
	for name, s := range shapes() {
		t.Run(name, func(t *testing.T) {
			r := seeded(t)
			for range 3 {
				volume := someVolume(r, 1+r.IntN(20*int(MinBlockSize)))
				store, shape := newMemory(), s
				shape.Size = units.Bytes(len(volume))
				var out bytes.Buffer
				_, err := Build(t.Context(), &out, store, bytes.NewReader(volume), Spec{Shape: shape})
				require.NoError(t, err)
				reader, err := NewReader(t.Context(), store, opened(t, out.Bytes()))
				require.NoError(t, err)
				require.Equal(t, shape.Size, reader.Size())
				got, err := io.ReadAll(io.NewSectionReader(reader, 0, int64(len(volume))))
				require.NoError(t, err)
				require.True(t, bytes.Equal(volume, got))
				for range 20 {
					at := r.IntN(len(volume))
					part := make([]byte, r.IntN(200000))
					n, err := reader.ReadAt(part, int64(at))
					require.True(t, n == len(part) && err == nil || errors.Is(err, io.EOF))
					require.True(t, bytes.Equal(volume[at:at+n], part[:n]))
				}
			}
		})
	}
	store := newMemory()
	m, _ := made(t, store, Shape{BlockSize: MinBlockSize, Size: 70000}, nil)
	reader, err := NewReader(t.Context(), store, m)
	require.NoError(t, err)
	require.NoError(t, iotest.TestReader(io.NewSectionReader(reader, 0, 70000), make([]byte, 70000)))
	_, err = reader.ReadAt(make([]byte, 1), -1)
	require.ErrorIs(t, err, fs.ErrInvalid)
}

// watched is a volume that counts what is read of it.
type watched struct {
	io.ReaderAt
	n int
}

func (w *watched) ReadAt(p []byte, off int64) (int, error) {
	w.n += len(p)
	return w.ReaderAt.ReadAt(p, off)
}

func TestRebaseAndResize(t *testing.T) {
	for name, s := range shapes() {
		t.Run(name, func(t *testing.T) {
			r := seeded(t)
			for range 4 {
				before := someVolume(r, 1+r.IntN(40*int(MinBlockSize)))
				after := make([]byte, 1+r.IntN(40*int(MinBlockSize)))
				n := copy(after, before)
				for i := n; i < len(after); i += 70000 {
					after[i] = 9
				}
				var changed []Range
				for range r.IntN(4) {
					at := r.IntN(len(after))
					part := after[at:min(len(after), at+r.IntN(100000))]
					for i := range part {
						part[i] = byte(r.Uint32N(2))
					}
					changed = append(changed, Range{units.Bytes(at), units.Bytes(len(part))})
				}
				changed = append(changed, Range{units.Bytes(len(after)), 1 << 62})
				store, old, now := newMemory(), s, s
				old.Size, now.Size = units.Bytes(len(before)), units.Bytes(len(after))
				var base, want, got bytes.Buffer
				_, err := Build(t.Context(), &base, store, bytes.NewReader(before), Spec{Shape: old})
				require.NoError(t, err)
				_, err = Build(t.Context(), &want, newMemory(), bytes.NewReader(after), Spec{Shape: now})
				require.NoError(t, err)
				src := &watched{ReaderAt: bytes.NewReader(after)}
				_, err = Rebase(t.Context(), &got, store, opened(t, base.Bytes()), src, Spec{Shape: now}, changed)
				require.NoError(t, err)
				require.Equal(t, want.Bytes(), got.Bytes())
				require.LessOrEqual(t, src.n, max(0, len(after)-len(before))+(2*len(changed)+2)*int(MinBlockSize)+100000*len(changed))

				resized := make([]byte, len(after))
				copy(resized, before)
				want.Reset()
				got.Reset()
				_, err = Build(t.Context(), &want, newMemory(), bytes.NewReader(resized), Spec{Shape: now})
				require.NoError(t, err)
				_, err = Resize(t.Context(), &got, store, opened(t, base.Bytes()), Spec{Shape: now})
				require.NoError(t, err)
				require.Equal(t, want.Bytes(), got.Bytes())
				reader, err := NewReader(t.Context(), store, opened(t, got.Bytes()))
				require.NoError(t, err)
				data, err := io.ReadAll(io.NewSectionReader(reader, 0, int64(len(after))))
				require.NoError(t, err)
				require.True(t, bytes.Equal(resized, data))
			}
		})
	}
}

func TestBuildFails(t *testing.T) {
	spec := Spec{Shape: Shape{BlockSize: MinBlockSize, Size: 3 * MinBlockSize}}
	_, err := Build(t.Context(), &bytes.Buffer{}, newMemory(), bytes.NewReader(make([]byte, 100)), spec)
	require.ErrorIs(t, err, io.EOF)
	require.ErrorContains(t, err, "block 0 at byte 100")
	m, _ := made(t, newMemory(), spec.Shape, nil)
	spec.BlockSize *= 2
	_, err = Rebase(t.Context(), &bytes.Buffer{}, newMemory(), m, bytes.NewReader(nil), spec, nil)
	require.ErrorIs(t, err, ErrIncompatible)
}

func TestReadBlockRefuses(t *testing.T) {
	s := Shape{Version: 3, Hash: SHA256, BlockSize: MinBlockSize, Size: MinBlockSize + 3}
	store, buf := newMemory(), make([]byte, MinBlockSize)
	id := SHA256.Sum([]byte("longer"))
	zeros, large := SHA256.Sum([]byte("a\x00")), SHA256.Sum(make([]byte, MinBlockSize+1))
	empty := SHA256.Sum(nil)
	require.NoError(t, store.Put(t.Context(), Block, id, []byte("longer")))
	require.NoError(t, store.Put(t.Context(), Block, zeros, []byte("a\x00")))
	require.NoError(t, store.Put(t.Context(), Block, empty, nil))
	require.NoError(t, store.Put(t.Context(), Block, large, make([]byte, MinBlockSize+1)))
	require.NoError(t, store.Put(t.Context(), Block, someID(1), []byte("another")))
	b, err := s.ReadBlock(t.Context(), store, 0, id, buf)
	require.NoError(t, err)
	require.Equal(t, "longer", string(b))
	for name, test := range map[string]struct {
		index uint64
		id    ID
		want  error
	}{
		"behind the end": {1, id, ErrCorrupt},
		"zeros":          {0, zeros, ErrCorrupt},
		"empty":          {0, empty, ErrCorrupt},
		"too large":      {0, large, ErrCorrupt},
		"other content":  {0, someID(1), ErrCorrupt},
		"missing":        {0, someID(2), ErrMissing},
		"no such block":  {2, id, ErrOrder},
	} {
		_, err := s.ReadBlock(t.Context(), store, test.index, test.id, buf)
		require.ErrorIs(t, err, test.want, name)
	}
}
