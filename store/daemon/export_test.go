package daemon

import (
	"context"
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
