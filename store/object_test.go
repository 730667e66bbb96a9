package store

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/maps"
)

// bare is a store without a bucket, to pack with.
func bare(t testing.TB, how Compression, key []byte) *Store {
	s := &Store{bucket: noBucket{}, compression: how, codecs: newCodecs(), settings: Settings{Hash: maps.SHA256}}
	s.scratch.New = func() any { return new([]byte) }
	if key != nil {
		e, err := newSealing(key, uuid.UUID{1})
		require.NoError(t, err)
		s.sealing = e
	}
	return s
}

type noBucket struct{ Bucket }

func (noBucket) Address() string { return "nowhere:" }

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

var contents = map[string][]byte{
	"empty":   {},
	"a byte":  {7},
	"text":    []byte(strings.Repeat("all work and no play ", 5000)),
	"random":  random(100_001),
	"half":    append(random(60_000), make([]byte, 60_000)...),
	"longest": make([]byte, maxPlain),
}

func TestPackedIsUnpacked(t *testing.T) {
	for _, how := range []Compression{None, S2, Zstd} {
		for _, secret := range [][]byte{nil, bytes.Repeat([]byte{9}, KeySize)} {
			s, scratch := bare(t, how, secret), new([]byte)
			for name, data := range contents {
				for _, kind := range []maps.Kind{maps.Block, maps.Node} {
					packed, err := s.pack("blk/00/x", kind, data, scratch)
					require.NoError(t, err)
					over := headerSize
					if secret != nil {
						over += sealedOverhead
						require.False(t, len(data) > 20 && bytes.Contains(packed, data[:20]))
					}
					require.LessOrEqual(t, len(packed), len(data)+over, "%s %s", how, name)
					if (name == "text" || name == "half") && how != None && kind == maps.Block {
						require.Less(t, len(packed), len(data)*15/16+over+1)
					}
					dst := make([]byte, len(data))
					n, err := s.unpack("blk/00/x", kind, packed, dst)
					require.NoError(t, err, "%s %s", how, name)
					require.True(t, bytes.Equal(data, dst[:n]))
				}
			}
			_, err := s.pack("blk/00/x", maps.Block, make([]byte, maxPlain+1), scratch)
			require.Error(t, err)
		}
	}
}

// What does not save a sixteenth is kept as it is.
func TestRawWhereCompressionDoesNotPay(t *testing.T) {
	for _, how := range []Compression{S2, Zstd} {
		s, scratch := bare(t, how, nil), new([]byte)
		data := append(random(31<<10), make([]byte, 1<<10)...) // a 32nd
		packed, err := s.pack("k", maps.Block, data, scratch)
		require.NoError(t, err)
		require.Equal(t, append([]byte{0, 0, 0, 0, 0, 0, 128, 0}, data...), packed)
		data = append(random(28<<10), make([]byte, 4<<10)...) // an eighth
		packed, err = s.pack("k", maps.Block, data, scratch)
		require.NoError(t, err)
		require.NotZero(t, packed[0])
	}
}

func TestUnpackRefuses(t *testing.T) {
	s, scratch := bare(t, Zstd, nil), new([]byte)
	text := contents["text"]
	pack := func(how Compression) []byte {
		s.compression = how
		packed, err := s.pack("k", maps.Block, text, scratch)
		require.NoError(t, err)
		return bytes.Clone(packed)
	}
	z, s2, raw := pack(Zstd), pack(S2), pack(None)
	changed := func(b []byte, at int, to byte) []byte { b = bytes.Clone(b); b[at] = to; return b }
	encoder, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	skipped := []byte{0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 0}
	for name, b := range map[string][]byte{
		"nothing":                    {},
		"half a header":              raw[:7],
		"reserved byte":              changed(raw, 2, 1),
		"raw, cut short":             raw[:len(raw)-1],
		"raw, and a byte":            append(bytes.Clone(raw), 0),
		"length of 4 GiB":            changed(raw, 4, 255),
		"length of 17 MiB":           {1, 0, 0, 0, 1, 1, 0, 0},
		"s2, cut short":              s2[:len(s2)-1],
		"s2, and a byte":             append(bytes.Clone(s2), 0),
		"s2, shorter than it says":   changed(s2, 7, s2[7]-1),
		"s2 of nothing":              {2, 0, 0, 0, 0, 0, 0, 0},
		"s2 of an empty block":       {2, 0, 0, 0, 0, 0, 0, 0, 0},
		"zstd, cut short":            z[:len(z)-1],
		"zstd, and a byte":           append(bytes.Clone(z), 0),
		"zstd, and a frame":          encoder.EncodeAll(nil, bytes.Clone(z)),
		"zstd, and one to skip":      append(bytes.Clone(z), skipped...),
		"zstd, one to skip first":    append(append(bytes.Clone(z[:8]), skipped...), z[8:]...),
		"zstd, shorter than it says": changed(z, 7, z[7]-1),
		"zstd, longer than it says":  changed(z, 7, z[7]+1),
		"zstd of nothing":            {1, 0, 0, 0, 0, 0, 0, 0},
	} {
		_, err := s.unpack("k", maps.Block, b, make([]byte, len(text)+1000))
		require.ErrorIs(t, err, ErrCorrupt, name)
		require.NotErrorIs(t, err, errors.ErrUnsupported, name)
	}
	_, err = s.unpack("k", maps.Block, changed(raw, 0, 3), make([]byte, len(text)))
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorContains(t, err, "a newer release may read it")
	for _, b := range [][]byte{z, s2, raw} {
		_, err := s.unpack("k", maps.Block, b, make([]byte, len(text)-1))
		require.ErrorIs(t, err, io.ErrShortBuffer)
	}
	_, err = s.unpack("k", maps.Node, z, make([]byte, len(text)))
	require.ErrorIs(t, err, ErrCorrupt)
}

// What a header says costs nothing.
func TestUnpackAllocatesNothing(t *testing.T) {
	s := bare(t, S2, nil)
	dst := make([]byte, 1<<20)
	lies := [][]byte{
		{0, 0, 0, 0, 1, 0, 0, 0},
		append([]byte{2, 0, 0, 0, 0, 16, 0, 0}, 0x80, 0x80, 0x80, 0x80, 8, 0, 0),
		append([]byte{1, 0, 0, 0, 0, 16, 0, 0}, 0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 3, 0, 0),
	}
	for _, b := range lies {
		_, err := s.unpack("k", maps.Block, b, dst) // makes the decoder
		require.Error(t, err)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 100 {
			_, _ = s.unpack("k", maps.Block, b, dst)
		}
		runtime.ReadMemStats(&after)
		require.Less(t, (after.TotalAlloc-before.TotalAlloc)/100, uint64(64<<10))
	}
}

func TestSealedIsForItsKey(t *testing.T) {
	s, scratch := bare(t, S2, bytes.Repeat([]byte{9}, KeySize)), new([]byte)
	data := contents["text"]
	packed, err := s.pack("blk/00/a", maps.Block, data, scratch)
	require.NoError(t, err)
	packed = bytes.Clone(packed)
	dst := make([]byte, len(data))
	open := func(s *Store, key string, b []byte) error {
		_, err := s.unpack(key, maps.Block, bytes.Clone(b), dst)
		return err
	}
	require.NoError(t, open(s, "blk/00/a", packed))
	require.ErrorIs(t, open(s, "blk/00/b", packed), ErrCorrupt)
	require.ErrorIs(t, open(bare(t, S2, bytes.Repeat([]byte{8}, KeySize)), "blk/00/a", packed), ErrCorrupt)
	require.ErrorIs(t, open(s, "blk/00/a", packed[:sealedOverhead-1]), ErrCorrupt)
	require.ErrorIs(t, open(s, "blk/00/a", append(bytes.Clone(packed), 0)), ErrCorrupt)
	for _, at := range []int{0, nonceSize, len(packed) - 1} {
		b := bytes.Clone(packed)
		b[at] ^= 1
		require.ErrorIs(t, open(s, "blk/00/a", b), ErrCorrupt)
	}
	again, err := s.pack("blk/00/a", maps.Block, data, new([]byte))
	require.NoError(t, err)
	require.NotEqual(t, packed, again, "nonces differ")
}
