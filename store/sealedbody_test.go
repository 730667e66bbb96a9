package store

import (
	"bytes"
	"context"
	"io"
	"iter"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestSealedSizes(t *testing.T) {
	for _, n := range []int64{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 5*chunkSize - 1, 5 * chunkSize, 1 << 62} {
		back, ok := plainSize(sealedSize(n))
		require.True(t, ok)
		require.Equal(t, n, back)
	}
	for _, n := range []int64{-1, 0, bodyHeader, bodyHeader + tagSize - 1, bodyHeader + chunkSize + tagSize + 1, bodyHeader + chunkSize + 2*tagSize} {
		_, ok := plainSize(n)
		require.False(t, ok, n)
	}
}

// oneObject is a bucket with one object, which is what its reader says.
type oneObject struct {
	Bucket
	key     string
	content []byte
	version string
}

func (o *oneObject) Address() string { return "one:" }

func (o *oneObject) Stat(ctx context.Context, key string) (Info, error) {
	if key != o.key {
		return Info{}, ErrMissing
	}
	return Info{Size: int64(len(o.content)), Version: o.version}, nil
}

func (o *oneObject) Get(ctx context.Context, key string, off int64, dst []byte) (int, Info, error) {
	info, err := o.Stat(ctx, key)
	if err != nil {
		return 0, info, err
	}
	return copy(dst, o.content[min(off, info.Size):]), info, nil
}

func (o *oneObject) List(context.Context, string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) { yield(Info{Key: o.key, Size: int64(len(o.content))}, nil) }
}

// withMap is a store whose bucket has one map of those plain bytes, as it was put.
func withMap(t testing.TB, secret []byte, name string, plain []byte) (*Store, *oneObject) {
	s := bare(t, S2, secret)
	body := s.sealBody("map/"+name, bytes.NewReader(plain))
	sealed := make([]byte, body.Size())
	n, err := body.ReadAt(sealed, 0)
	if len(sealed) > 0 {
		require.NoError(t, err)
	}
	require.Equal(t, len(sealed), n)
	o := &oneObject{key: "map/" + name, content: sealed, version: "1"}
	s.bucket = o
	return s, o
}

var testSecret = bytes.Repeat([]byte{9}, KeySize)

func TestMapFiles(t *testing.T) {
	ctx := context.Background()
	for _, secret := range [][]byte{nil, testSecret} {
		for _, n := range []int{0, 1, 1000, chunkSize - 1, chunkSize, chunkSize + 1, 3*chunkSize + 12345} {
			plain := random(n)
			s, o := withMap(t, secret, "m", plain)
			if n >= 1000 {
				require.Equal(t, secret == nil, bytes.Contains(o.content, plain[:16]))
			}
			f, err := s.OpenFile(ctx, "m")
			require.NoError(t, err)
			require.Equal(t, int64(n), f.Size())
			for info, err := range s.Maps(ctx, "") {
				require.NoError(t, err)
				require.Equal(t, int64(n), info.Size)
			}
			require.NoError(t, iotest.TestReader(io.NewSectionReader(f, 0, f.Size()), plain[:f.Size()]))
			_, err = f.ReadAt(make([]byte, 1), int64(n))
			require.ErrorIs(t, err, io.EOF)

			body := s.sealBody(o.key, f) // a map is a body
			again, err := io.ReadAll(io.NewSectionReader(body, 0, body.Size()))
			require.NoError(t, err)
			require.Len(t, again, len(o.content))
			small := make([]byte, 0, len(again)) // the same in small pieces, and a second time
			for off := int64(0); off < body.Size(); off += 100_003 {
				p := make([]byte, min(100_003, body.Size()-off))
				_, err := body.ReadAt(p, off)
				require.NoError(t, err)
				small = append(small, p...)
			}
			require.True(t, bytes.Equal(again, small))
			require.Equal(t, secret == nil, bytes.Equal(again, o.content), "salts differ")

			o.version = "2"
			f.at = -1
			if n > 0 {
				_, err = f.ReadAt(make([]byte, 1), 0)
				require.ErrorIs(t, err, ErrChanged)
			}
		}
	}
}

func TestSealedMapsThatAreNot(t *testing.T) {
	ctx := context.Background()
	plain := random(3*chunkSize + 5)
	const sealedChunk = chunkSize + tagSize
	s, o := withMap(t, testSecret, "m", plain)
	sound := o.content
	_, other := withMap(t, testSecret, "other", plain)
	_, again := withMap(t, testSecret, "m", plain)
	header := func(b []byte) []byte { return b[:bodyHeader] }
	chunk := func(b []byte, i int) []byte { return b[bodyHeader+i*sealedChunk:][:sealedChunk] }
	flipped := func(at int) []byte { b := bytes.Clone(sound); b[at] ^= 1; return b }
	for name, b := range map[string][]byte{
		"nothing":                 {},
		"header alone":            header(sound),
		"magic":                   flipped(0),
		"salt":                    flipped(5),
		"a byte":                  flipped(bodyHeader),
		"the last byte":           flipped(len(sound) - 1),
		"cut at a chunk":          sound[:bodyHeader+3*sealedChunk],
		"cut in a chunk":          sound[:bodyHeader+2*sealedChunk+100],
		"cut to the first chunk":  sound[:bodyHeader+sealedChunk],
		"a byte more":             append(bytes.Clone(sound), 0),
		"a chunk twice":           bytes.Join([][]byte{header(sound), chunk(sound, 0), sound[bodyHeader:]}, nil),
		"chunks exchanged":        bytes.Join([][]byte{header(sound), chunk(sound, 1), chunk(sound, 0), sound[bodyHeader+2*sealedChunk:]}, nil),
		"another map's":           other.content,
		"a chunk of another time": bytes.Join([][]byte{header(sound), chunk(sound, 0), chunk(again.content, 1), sound[bodyHeader+2*sealedChunk:]}, nil),
		"plain bytes":             plain,
	} {
		o.content = b
		err := readMap(ctx, s)
		require.ErrorIs(t, err, ErrCorrupt, name)
	}
	o.content = sound
	require.NoError(t, readMap(ctx, s))
	stranger := bare(t, S2, random(KeySize))
	stranger.bucket = o
	require.ErrorIs(t, readMap(ctx, stranger), ErrCorrupt)
}

func readMap(ctx context.Context, s *Store) error {
	f, err := s.OpenFile(ctx, "m")
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, io.NewSectionReader(f, 0, f.Size()))
	return err
}

func TestSealedBodiesThatFail(t *testing.T) {
	s := bare(t, S2, testSecret)
	body := s.sealBody("map/m", io.NewSectionReader(strings.NewReader("abc"), 0, 5))
	_, err := body.ReadAt(make([]byte, body.Size()), 0)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

// FuzzSealedMap: bytes that somebody else has put are read without fault, and nothing but what was sealed is
// taken.
func FuzzSealedMap(f *testing.F) {
	s, o := withMap(f, testSecret, "m", []byte("the bytes of a map"))
	f.Add([]byte{})
	f.Add(bytes.Clone(o.content))
	f.Fuzz(func(t *testing.T, b []byte) {
		o.content = b
		file, err := s.OpenFile(t.Context(), "m")
		if err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
			return
		}
		plain, err := io.ReadAll(io.NewSectionReader(file, 0, file.Size()))
		if err == nil && len(plain) > 0 {
			require.True(t, bytes.Equal(b, sealedWith(s, append(bytes.Clone(b[:bodyHeader]), plain...))), "sealed again, it is the same")
		} else if err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
		}
		o.content = sealedWith(s, b)
		if file, err = s.OpenFile(t.Context(), "m"); err == nil && len(b) >= bodyHeader {
			plain, err = io.ReadAll(io.NewSectionReader(file, 0, file.Size()))
			require.NoError(t, err)
			require.True(t, bytes.Equal(b[bodyHeader:], plain))
		}
	})
}

// sealedWith is a header and plain bytes, sealed with the salt in that header.
func sealedWith(s *Store, b []byte) []byte {
	if len(b) < bodyHeader {
		return b
	}
	sealed := s.sealBody("map/m", bytes.NewReader(b[bodyHeader:])).(*sealedBody)
	copy(sealed.header[len(bodyMagic):], b[len(bodyMagic):bodyHeader])
	sealed.aead, sealed.err = s.sealing.bodyAEAD("map/m", sealed.header)
	out := make([]byte, sealed.Size())
	_, _ = sealed.ReadAt(out, 0)
	return out
}
