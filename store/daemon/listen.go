package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/store"
)

// Listen makes the socket at a path, with that mode. One that a killed daemon left is taken away. Errors match
// [store.ErrLocked] where a daemon answers there, and [store.ErrExists] where something else is in the way.
func Listen(path string, mode fs.FileMode) (*net.UnixListener, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.Mode().Type() != fs.ModeSocket:
		return nil, fmt.Errorf("socket %s: something else is there: %w", path, store.ErrExists)
	default:
		conn, err := net.Dial("unix", path)
		if err == nil {
			return nil, errors.Join(fmt.Errorf("socket %s: another daemon listens there: %w", path, store.ErrLocked), conn.Close())
		}
		if !errors.Is(err, unix.ECONNREFUSED) {
			return nil, err
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, mode); err != nil { // until then the users are checked all the same
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}
