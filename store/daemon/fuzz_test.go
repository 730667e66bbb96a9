package daemon_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/daemon"
	"github.com/rok-storage/rok/store/storetest"
)

// wire is what one end sends, and room for what the other answers.
type wire struct {
	io.Reader
	out bytes.Buffer
}

func (w *wire) Write(b []byte) (int, error) { return w.out.Write(b) }

func frame(kind byte, payload string) string {
	head := binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(payload)))
	return string(head) + payload
}

// seeds are conversations: sound ones, and some that lie.
func seeds() []string {
	hello := frame('H', `{"protocol":1}`)
	return []string{
		hello,
		frame('H', `{"protocol":2}`),
		hello + frame('Q', `{"op":"stat","key":"a"}`) + frame('Q', `{"op":"get","key":"a","length":9}`) + frame('Q', `{"op":"list","prefix":"w4M="}`),
		hello + frame('Q', `{"op":"put","key":"b","size":5}`) + frame('D', "ab") + frame('D', "cde") + frame('Q', `{"op":"delete","keys":["a","b",".."]}`),
		hello + frame('Q', `{"op":"put","key":"a","size":5,"absent":true}`) + frame('D', "ab") + frame('A', ""),
		hello + frame('Q', `{"op":"put","key":"b","size":5}`) + frame('D', "abcdef"),
		hello + frame('Q', `{"op":"put","key":"b","size":-1}`),
		hello + frame('Q', `{"op":"put","key":"b","size":9223372036854775807}`),
		hello + frame('Q', `{"op":"get","key":"a","length":9223372036854775807}`),
		hello + frame('Q', `{"op":"get","key":"a","length":-1,"offset":-1}`),
		hello + frame('Q', `{"op":"get","key":"a","length":1,"offset":-1}`),
		hello + frame('Q', `{"op":"what"}`),
		hello + "Q\xff\xff\xff\xff{}",
		hello + frame('A', "x"),
		hello + frame('Q', "[]"),
		frame('R', "{}"),
	}
}

// Whatever a client sends is answered or refused; what was there and was not asked to go stays, and no half
// body is stored.
func FuzzServer(f *testing.F) {
	for _, s := range seeds() {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		b := &storetest.Memory{}
		_, err := b.Put(t.Context(), "kept", strings.NewReader("content"), store.Condition{})
		require.NoError(t, err)
		w := &wire{Reader: bytes.NewReader(sent)}
		require.Error(t, daemon.Converse(t.Context(), b, w), "the end is an error")
		answers := w.out.Bytes()
		for len(answers) > 0 { // all that is sent back are frames
			require.GreaterOrEqual(t, len(answers), 5)
			size := binary.BigEndian.Uint32(answers[1:])
			require.LessOrEqual(t, size, uint32(daemon.MaxFrame))
			require.LessOrEqual(t, int(size), len(answers)-5)
			answers = answers[5+size:]
		}
		if !bytes.Contains(sent, []byte("kept")) && !bytes.Contains(sent, []byte(`\u`)) {
			info, err := b.Stat(t.Context(), "kept")
			require.NoError(t, err)
			require.Equal(t, int64(7), info.Size)
		}
	})
}

// Whatever a daemon answers to a client's hello, it is welcome, refused or told that this is no daemon.
func FuzzHello(f *testing.F) {
	f.Add([]byte(frame('H', `{"protocol":1}`)))
	f.Add([]byte(frame('H', `{"protocol":1,"error":{"codes":["denied"],"text":"no"}}`)))
	f.Add([]byte(frame('H', `{"protocol":7}`)))
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		err := daemon.Introduce(&wire{Reader: bytes.NewReader(answer)})
		if err == nil {
			require.Equal(t, byte('H'), answer[0])
		}
	})
}

// Whatever a file of the cache has, it is a copy, or found out.
func FuzzCacheFile(f *testing.F) {
	f.Add([]byte("ROKCACH1"), true)
	f.Add([]byte("\x00\x00\x00\x16{\"key\":\"k\",\"size\":\"x\"}"), true)
	f.Add([]byte("\x00\x00\x00\x12{\"key\":\"k\",\"size\":3}abc"), true)
	f.Add([]byte("\x00\x00\x00\x14{\"key\":\"k\",\"size\":3}abc"), true)
	f.Add([]byte("\xff\xff\xff\xff"), true)
	f.Fuzz(func(t *testing.T, rest []byte, right bool) {
		size, body, err := daemon.CheckCached(rest, right)
		if err == nil {
			require.Equal(t, int64(len(body)), size)
			require.LessOrEqual(t, len(body), len(rest))
		}
	})
}
