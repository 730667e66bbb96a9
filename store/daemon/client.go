package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/url"
	"path"

	"github.com/rok-storage/rok/store"
)

// Client is the bucket that a daemon serves. Each call that is under way has a connection of its own.
type Client struct {
	path  string
	conns conns
}

var _ store.Bucket = (*Client)(nil)

// Dial connects to the daemon at the socket of that path. Errors match [store.ErrUnreachable] where there is
// none, and [store.ErrDenied].
func Dial(ctx context.Context, socket string) (*Client, error) {
	c := &Client{path: path.Clean(socket), conns: conns{path: socket}}
	conn, err := c.conns.open(ctx)
	if err != nil {
		return nil, c.fail(ctx, "open", "", err)
	}
	c.conns.put(conn)
	return c, nil
}

// Address is "unix://" and the path.
func (c *Client) Address() string { return (&url.URL{Scheme: "unix", Path: c.path}).String() }

// Close closes the connections.
func (c *Client) Close() error {
	c.conns.close()
	return nil
}

func (c *Client) fail(ctx context.Context, op, key string, err error) error {
	var f *fault
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && !errors.As(err, &f):
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	case errors.As(err, &f), errors.Is(err, ErrProtocol), errors.As(err, new(bodyError)):
	case errors.Is(err, fs.ErrPermission):
		err = fmt.Errorf("%w: %w", store.ErrDenied, err)
	default: // what a connection says
		err = fmt.Errorf("%w: the daemon: %w", store.ErrUnreachable, noEOF(err))
	}
	return &store.Error{Op: op, Address: c.Address(), Key: key, Err: err}
}

// Get reads a part of an object.
func (c *Client) Get(ctx context.Context, key string, off int64, dst []byte) (int, store.Info, error) {
	err := store.CheckKey(key)
	if err == nil && off < 0 {
		err = fmt.Errorf("offset %d is negative", off)
	}
	if err != nil {
		return 0, store.Info{}, &store.Error{Op: opGet, Address: c.Address(), Key: key, Err: err}
	}
	n, info := 0, store.Info{}
	for { // parts, of one version
		m, got, err := c.getPart(ctx, key, off+int64(n), dst[n:min(len(dst), n+maxRead)])
		if err != nil {
			return 0, store.Info{}, c.fail(ctx, opGet, key, err)
		}
		if n > 0 && got.Version != info.Version {
			n = 0
			continue
		}
		n, info = n+m, got
		if m == 0 || n == len(dst) {
			return n, info, nil
		}
		if m < maxRead { // the end
			return n, info, nil
		}
	}
}

func (c *Client) getPart(ctx context.Context, key string, off int64, dst []byte) (n int, info store.Info, err error) {
	err = c.conns.do(ctx, func(conn io.ReadWriter) error {
		var r reply
		if err := call(conn, request{Op: opGet, Key: key, Offset: off, Length: int64(len(dst))}, &r); err != nil {
			return err
		}
		if r.Length < 0 || r.Length > int64(len(dst)) {
			return fmt.Errorf("%d bytes for %d: %w", r.Length, len(dst), ErrProtocol)
		}
		n, info = int(r.Length), r.Info.info()
		return readBody(conn, r.Length, func(at int64, part int) error {
			_, err := io.ReadFull(conn, dst[at:at+int64(part)])
			return noEOF(err)
		})
	})
	return n, info, err
}

// call sends a request without a body, and reads the reply.
func call(conn io.ReadWriter, q request, r *reply) error {
	if err := writeJSON(conn, requestFrame, q); err != nil {
		return err
	}
	return readReply(conn, r)
}

func readReply(conn io.Reader, r *reply) error {
	if err := expectJSON(conn, replyFrame, r); err != nil {
		return err
	}
	if r.Fault != nil {
		return answered{r.Fault}
	}
	return nil
}

// Stat tells of an object.
func (c *Client) Stat(ctx context.Context, key string) (store.Info, error) {
	if err := store.CheckKey(key); err != nil {
		return store.Info{}, &store.Error{Op: opStat, Address: c.Address(), Key: key, Err: err}
	}
	var r reply
	err := c.conns.do(ctx, func(conn io.ReadWriter) error { return call(conn, request{Op: opStat, Key: key}, &r) })
	if err != nil {
		return store.Info{}, c.fail(ctx, opStat, key, err)
	}
	return r.Info.info(), nil
}

// Delete removes objects.
func (c *Client) Delete(ctx context.Context, keys ...string) error {
	var errs []error
	var part []string
	size := 0
	flush := func() {
		if len(part) == 0 {
			return
		}
		var r reply
		err := c.conns.do(ctx, func(conn io.ReadWriter) error { return call(conn, request{Op: opDelete, Keys: part}, &r) })
		if err != nil {
			errs = append(errs, c.fail(ctx, opDelete, "", err))
		}
		part, size = nil, 0
	}
	for _, key := range keys {
		if err := store.CheckKey(key); err != nil {
			errs = append(errs, &store.Error{Op: opDelete, Address: c.Address(), Key: key, Err: err})
			continue
		}
		part = append(part, key)
		size += 6*len(key) + 3 // at most, in JSON
		if size > maxFrame-maxFrame/8 || len(part) == 1000 {
			flush()
		}
	}
	flush()
	return errors.Join(errs...)
}

// List tells of all objects whose keys begin with prefix.
func (c *Client) List(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		stopped := false
		err := c.conns.do(ctx, func(conn io.ReadWriter) error {
			if err := writeJSON(conn, requestFrame, request{Op: opList, Prefix: []byte(prefix)}); err != nil {
				return err
			}
			for {
				k, size, err := readHead(conn)
				if err != nil {
					return err
				}
				switch k {
				case replyFrame:
					var r reply
					if err := readJSON(conn, size, &r); err != nil {
						return err
					}
					if r.Fault != nil {
						return answered{r.Fault}
					}
					return nil
				case entriesFrame:
					var entries []entry
					if err := readJSON(conn, size, &entries); err != nil {
						return err
					}
					for _, e := range entries {
						if err := ctx.Err(); err != nil {
							return err
						}
						if stopped = !yield(e.info(), nil); stopped {
							return errStopped
						}
					}
				default:
					return fmt.Errorf("a frame %q in a listing: %w", byte(k), ErrProtocol)
				}
			}
		})
		if err != nil && !stopped {
			yield(store.Info{}, c.fail(ctx, opList, prefix, err))
		}
	}
}

// errStopped says that nobody wants the rest of a listing.
var errStopped = errors.New("the listing was not read to its end")
