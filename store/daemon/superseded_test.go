package daemon_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/daemon"
	"github.com/rok-storage/rok/store/daemon/daemontest"
	"github.com/rok-storage/rok/store/storetest"
)

// keeps has versions: of objects with one prefix, if that is not empty, and refuses all others then.
type keeps struct {
	*storetest.Memory
	prefix string
	freed  store.Amount
}

func (k *keeps) DeleteSuperseded(_ context.Context, prefix string) (store.Amount, error) {
	if k.prefix != "" && prefix != k.prefix {
		return store.Amount{}, store.ErrDenied
	}
	return k.freed, nil
}

// What objects were before goes through journal and cache too.
func TestSupersededPasses(t *testing.T) {
	for _, journaled := range []bool{false, true} {
		k := &keeps{Memory: &storetest.Memory{}, prefix: "map/\xff", freed: store.Amount{Objects: 3, Bytes: 1 << 40}}
		d, err := daemontest.Through(k, filepath.Join(t.TempDir(), "d"), journaled)
		require.NoError(t, err)
		freed, err := d.DeleteSuperseded(t.Context(), "map/\xff")
		require.NoError(t, err)
		require.Equal(t, store.Amount{Objects: 3, Bytes: 1 << 40}, freed)
		_, err = d.DeleteSuperseded(t.Context(), "map/")
		require.ErrorIs(t, err, store.ErrDenied)
		require.NoError(t, d.Close())

		d, err = daemontest.Through(&storetest.Memory{}, filepath.Join(t.TempDir(), "d"), journaled)
		require.NoError(t, err)
		freed, err = d.DeleteSuperseded(t.Context(), "map/")
		require.NoError(t, err)
		require.Zero(t, freed)
		require.NoError(t, d.Close())
	}
}

// A daemon of an older release frees nothing, and the client goes on.
func TestSupersededIsNotKnown(t *testing.T) {
	path := serve(t, daemon.Config{Bucket: &storetest.Memory{}})
	older := filepath.Join(t.TempDir(), "older")
	l, err := net.Listen("unix", older)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("unix", path)
			if err != nil {
				return
			}
			// The daemon ends a connection on which it did not understand something. The client
			// learns of it as late as it can: when it sends more.
			go func() { _, _ = io.Copy(client, server) }()
			go func() {
				_, _ = io.Copy(forgetful{server}, client)
				_, _ = server.Close(), client.Close()
			}()
		}
	}()
	c := dial(t, older)
	freed, err := c.DeleteSuperseded(t.Context(), "map/")
	require.NoError(t, err)
	require.Zero(t, freed)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // nobody answers on the old connection
	defer cancel()
	_, err = c.Stat(ctx, "a")
	require.ErrorIs(t, err, store.ErrMissing)
}

// forgetful passes on a request by a name that no daemon knows.
type forgetful struct{ io.Writer }

func (f forgetful) Write(b []byte) (int, error) {
	if _, err := f.Writer.Write(bytes.ReplaceAll(b, []byte(`"superseded"`), []byte(`"supersedes"`))); err != nil {
		return 0, err
	}
	return len(b), nil
}
