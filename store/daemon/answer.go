package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/rok-storage/rok/store"
)

// maxRead is how much one get reads at most.
const maxRead = 32 << 20

// maxObject is the size of the largest body that S3 takes with one request.
const maxObject = 5 << 30

// answer does what a request asks for. Its error says that the connection is of no more use.
func (s *server) answer(ctx context.Context, conn io.ReadWriter, r request) error {
	began := time.Now()
	w := Served{Op: r.Op}
	var broken error
	switch r.Op {
	case opGet:
		w.Out, w.Err, broken = s.get(ctx, conn, r)
	case opStat:
		var info store.Info
		info, w.Err = s.Bucket.Stat(ctx, r.Key)
		broken = writeReply(conn, info, w.Err)
	case opPut:
		w.In, w.Err, broken = s.put(ctx, conn, r)
	case opList:
		w.Err, broken = s.list(ctx, conn, string(r.Prefix))
	case opDelete:
		w.Err = s.Bucket.Delete(ctx, r.Keys...)
		broken = writeReply(conn, store.Info{}, w.Err)
	case opConditional:
		var kept bool
		kept, w.Err = store.KeepsConditions(ctx, s.Bucket)
		broken = writeJSON(conn, replyFrame, reply{Fault: faultOf(w.Err), Kept: kept})
	case opSuperseded:
		var freed store.Amount
		freed, w.Err = superseded(ctx, s.Bucket, string(r.Prefix))
		broken = writeJSON(conn, replyFrame, reply{Fault: faultOf(w.Err), Objects: freed.Objects, Bytes: freed.Bytes})
	default:
		w.Op = "unknown"
		w.Err = fmt.Errorf("operation %.32q: %w", r.Op, ErrProtocol)
		broken = errors.Join(writeReply(conn, store.Info{}, w.Err), w.Err) // what follows is not known
	}
	w.Duration = time.Since(began)
	s.Watch(w)
	return broken
}

func writeReply(w io.Writer, info store.Info, err error) error {
	return writeJSON(w, replyFrame, reply{Fault: faultOf(err), Info: entryOf(info)})
}

func (s *server) get(ctx context.Context, conn io.Writer, r request) (out int64, failed, broken error) {
	if r.Length < 0 || r.Length > maxRead {
		failed = fmt.Errorf("get of %d bytes: %w", r.Length, ErrProtocol)
		return 0, failed, writeReply(conn, store.Info{}, failed)
	}
	buf, err := s.buffers.take(ctx, r.Length)
	if err != nil {
		return 0, err, writeReply(conn, store.Info{}, err)
	}
	defer s.buffers.give(buf)
	n, info, err := s.Bucket.Get(ctx, r.Key, r.Offset, buf[:r.Length])
	if err != nil {
		return 0, err, writeReply(conn, store.Info{}, err)
	}
	if err := writeJSON(conn, replyFrame, reply{Info: entryOf(info), Length: int64(n)}); err != nil {
		return 0, nil, err
	}
	for at := 0; at < n; at += maxFrame {
		if err := writeFrame(conn, dataFrame, buf[at:min(at+maxFrame, n)]); err != nil {
			return int64(at), nil, err
		}
	}
	return int64(n), nil, nil
}

func (s *server) put(ctx context.Context, conn io.ReadWriter, r request) (in int64, failed, broken error) {
	if r.Size < 0 || r.Size > maxObject {
		failed = fmt.Errorf("put of %d bytes, at most %d: %w", r.Size, int64(maxObject), ErrProtocol)
		return 0, failed, errors.Join(writeReply(conn, store.Info{}, failed), failed)
	}
	body, err := s.receive(ctx, conn, r.Size)
	condition := store.Condition{Absent: r.Absent, Version: r.Version}
	switch {
	case errors.Is(err, errAborted):
		_, failed = s.Bucket.Put(ctx, r.Key, aborted(r.Size), condition)
		if failed == nil {
			failed = errAborted
		}
		return 0, failed, writeReply(conn, store.Info{}, failed)
	case err != nil: // what follows is a part of the body, or nothing
		return 0, err, errors.Join(writeReply(conn, store.Info{}, err), err)
	}
	info, err := s.Bucket.Put(ctx, r.Key, body, condition)
	err = errors.Join(err, body.close())
	return r.Size, err, writeReply(conn, info, err)
}

// listed is how many objects a frame tells of: JSON has up to six bytes for one of a key.
const listed = 100

func (s *server) list(ctx context.Context, conn io.Writer, prefix string) (failed, broken error) {
	var entries []entry
	flush := func() error {
		if len(entries) == 0 {
			return nil
		}
		err := writeJSON(conn, entriesFrame, entries)
		entries = entries[:0]
		return err
	}
	for info, err := range s.Bucket.List(ctx, prefix) {
		if err != nil {
			failed = err
			break
		}
		entries = append(entries, entryOf(info))
		if len(entries) == listed {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	if err := flush(); err != nil {
		return failed, err
	}
	return failed, writeReply(conn, store.Info{}, failed)
}
