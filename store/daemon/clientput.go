package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/rok-storage/rok/store"
)

// bodyError says that a body could not be read.
type bodyError struct{ error }

func (e bodyError) Unwrap() error { return e.error }

// sendSize is how much of a body is read at once.
const sendSize = 256 << 10

// Put stores an object.
func (c *Client) Put(ctx context.Context, key string, body store.Body, condition store.Condition) (store.Info, error) {
	if err := store.CheckKey(key); err != nil {
		return store.Info{}, &store.Error{Op: opPut, Address: c.Address(), Key: key, Err: err}
	}
	var r reply
	q := request{Op: opPut, Key: key, Size: body.Size(), Absent: condition.Absent, Version: condition.Version}
	err := c.conns.do(ctx, func(conn io.ReadWriter) error {
		if err := writeJSON(conn, requestFrame, q); err != nil {
			return err
		}
		unread := send(ctx, conn, body)
		if unread != nil && !errors.As(unread, new(bodyError)) {
			// The daemon may have said why it reads no more.
			if err := readReply(conn, &r); errors.As(err, new(answered)) {
				return err
			}
			return unread
		}
		err := readReply(conn, &r)
		if unread != nil && (err == nil || errors.Is(err, errAborted)) {
			return answered{unread}
		}
		return err
	})
	if err != nil {
		return store.Info{}, c.fail(ctx, opPut, key, err)
	}
	return r.Info.info(), nil
}

// send sends a body. Where that cannot be read, it says so to the daemon, and returns a bodyError.
func send(ctx context.Context, conn io.Writer, body store.Body) error {
	buf := make([]byte, min(sendSize, max(body.Size(), 1)))
	for at := int64(0); at < body.Size(); {
		part := buf[:min(int64(len(buf)), body.Size()-at)]
		n, err := body.ReadAt(part, at)
		if n == len(part) {
			err = ctx.Err()
		} else if err == nil || err == io.EOF {
			err = fmt.Errorf("the body ends at byte %d of %d: %w", at+int64(n), body.Size(), io.ErrUnexpectedEOF)
		}
		if err != nil {
			return errors.Join(bodyError{err}, writeFrame(conn, abortFrame, nil))
		}
		if err := writeFrame(conn, dataFrame, part); err != nil {
			return err
		}
		at += int64(n)
	}
	return nil
}
