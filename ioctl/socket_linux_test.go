package ioctl_test

import (
	"io/fs"
	"net"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/ioctl"
)

func TestDialSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	var e *fs.PathError
	require.ErrorAs(t, ioctl.DialSocket(path), &e)
	require.ErrorIs(t, e, fs.ErrNotExist)
	require.Equal(t, path, e.Path)

	l, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: path, Net: "unixpacket"})
	require.NoError(t, err)
	l.SetUnlinkOnClose(false)
	require.NoError(t, ioctl.DialSocket(path))
	conn, err := l.AcceptUnix()
	require.NoError(t, err)
	n, err := conn.Read(make([]byte, 1))
	require.Zero(t, n)
	require.Error(t, err, "it has hung up")
	require.NoError(t, conn.Close())
	require.NoError(t, l.Close())
	require.ErrorIs(t, ioctl.DialSocket(path), syscall.ECONNREFUSED, "the file stays")
}

// Somebody who listens and never accepts does not hold the caller up.
func TestDialSocketFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	require.NoError(t, unix.Bind(fd, &unix.SockaddrUnix{Name: path}))
	require.NoError(t, unix.Listen(fd, 0))
	for range 4 {
		if err = ioctl.DialSocket(path); err != nil {
			break
		}
	}
	require.ErrorIs(t, err, syscall.EAGAIN)
}
