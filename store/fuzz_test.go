package store

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/maps"
)

// FuzzUnpack reads what is kept of an object: what is taken fits what was asked for, and what is refused
// is refused as damaged or too long.
func FuzzUnpack(f *testing.F) {
	plain, sealed := bare(f, S2, nil), bare(f, S2, testSecret)
	f.Add([]byte{}, uint16(0))
	f.Fuzz(func(t *testing.T, b []byte, length uint16) {
		dst := bytes.Repeat([]byte{0xee}, int(length)+1)
		// The seal made right, so that what is fuzzed lies behind it.
		closed := sealed.sealing.seal("k", append(make([]byte, nonceSize, nonceSize+len(b)+tagSize), b...))
		for _, s := range []*Store{plain, sealed} {
			packed := bytes.Clone(b)
			if s == sealed {
				packed = closed
			}
			for _, kind := range []maps.Kind{maps.Block, maps.Node} {
				n, err := s.unpack("k", kind, bytes.Clone(packed), dst[:length])
				require.Equal(t, byte(0xee), dst[length])
				if err != nil {
					require.True(t, errors.Is(err, ErrCorrupt) || errors.Is(err, io.ErrShortBuffer), "%v", err)
					continue
				}
				require.LessOrEqual(t, n, int(length))
				if b[0] == codecRaw {
					require.True(t, bytes.Equal(b[headerSize:], dst[:n]))
				}
			}
		}
	})
}

// TestSeeds writes the seeds anew where ROK_TEST_SEEDS is set.
func TestSeeds(t *testing.T) {
	if os.Getenv("ROK_TEST_SEEDS") == "" {
		t.Skip("ROK_TEST_SEEDS is not set")
	}
	text := []byte(strings.Repeat("all work and no play ", 40))
	var unpack, sealed, place [][]any
	for _, how := range []Compression{None, S2, Zstd} {
		packed, err := bare(t, how, nil).pack("k", maps.Block, text, new([]byte))
		require.NoError(t, err)
		for _, b := range [][]byte{packed, packed[:len(packed)-3], append(bytes.Clone(packed), 7), append(append(bytes.Clone(packed[:8]), 0xff), packed[9:]...)} {
			unpack = append(unpack, []any{bytes.Clone(b), uint16(len(text))})
		}
		unpack = append(unpack, []any{bytes.Clone(packed), uint16(7)})
	}
	// a frame with a checksum and one run; frames that are skipped; lengths that lie
	unpack = append(unpack, []any{[]byte("\x01\x00\x00\x00\x00\x00\x00\x05\x28\xb5\x2f\xfd\x20\x05\x2b\x00\x00A"), uint16(5)},
		[]any{[]byte("\x01\x00\x00\x00\x00\x00\x00\x05\x50\x2a\x4d\x18\x01\x00\x00\x00\x00"), uint16(5)},
		[]any{[]byte("\x02\x00\x00\x00\x00\x00\x00\x05\xff\xff\xff\xff\x0f"), uint16(5)},
		[]any{[]byte("\x09\x00\x00\x00\x00\x00\x00\x05hello"), uint16(5)}, []any{[]byte("\x00\x01\x00\x00\x00\x00\x00\x05hello"), uint16(5)},
		[]any{[]byte("\x00\x00\x00\x00\xff\x00\x00\x05hello"), uint16(5)})
	_, o := withMap(t, testSecret, "m", text)
	for _, b := range [][]byte{o.content, o.content[:bodyHeader], o.content[:len(o.content)-1], append([]byte("RKS2"), o.content[4:]...), make([]byte, 40)} {
		sealed = append(sealed, []any{bytes.Clone(b)})
	}
	for _, p := range [][2]string{{"map/a", "map+/a"}, {"A/.b", "%41+/%.b"}, {"@tmp/x", "%40tmp+/x"}, {strings.Repeat("x", 198), strings.Repeat("x", 198) + "=/%"},
		{strings.Repeat("é", 300), "lost+found"}, {"a/b", "%61/b"}, {"", "+/="}, {"a+b=c", "a%2/b"}} {
		place = append(place, []any{p[0], p[1]})
	}
	for name, seeds := range map[string][][]any{"FuzzUnpack": unpack, "FuzzSealedMap": sealed, "FuzzPlace": place} {
		writeSeeds(t, name, seeds)
	}
}
