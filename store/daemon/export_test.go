package daemon

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"io"

	"github.com/rok-storage/rok/store"
)

// Permits is what is asked of a user.
func Permits(uid, own int, allow []int) error { return permits(uid, own, allow) }

// Converse has a server answer what a client sends, until that is wrong or at its end.
func Converse(ctx context.Context, b store.Bucket, conn io.ReadWriter) error {
	s := newServer(Config{Bucket: b})
	if err := greet(conn, nil); err != nil {
		return err
	}
	for {
		var r request
		if err := expectJSON(conn, requestFrame, &r); err != nil {
			return err
		}
		if err := s.answer(ctx, conn, r); err != nil {
			return err
		}
	}
}

// Introduce is a client's first exchange.
func Introduce(conn io.ReadWriter) error { return introduce(conn) }

// MaxFrame is the length of the longest payload.
const MaxFrame = maxFrame

// CheckCached reads a file of the cache, from behind its checksum on, which is made right or wrong.
func CheckCached(rest []byte, right bool) (size int64, body []byte, err error) {
	sum := crc32.Checksum(rest, castagnoli())
	if !right {
		sum++
	}
	file := append(binary.BigEndian.AppendUint32([]byte(cacheMagic), sum), rest...)
	e, at, err := checkCached(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return 0, nil, err
	}
	return e.Size, file[at:], nil
}
