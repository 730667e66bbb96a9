package daemon

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/store"
)

var (
	errFull    = fmt.Errorf("the daemon has as many connections as it takes: %w", store.ErrUnreachable)
	errVersion = fmt.Errorf("the daemon has another version of the protocol: %w", errors.ErrUnsupported)
)

// allowed asks the kernel who is at the other end of a socket.
func allowed(conn net.Conn, allow []int) error {
	u, ok := conn.(*net.UnixConn)
	if !ok {
		return fmt.Errorf("not a unix socket: %w", store.ErrDenied)
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return err
	}
	var peer *unix.Ucred
	err2 := raw.Control(func(fd uintptr) { peer, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	return permits(int(peer.Uid), os.Geteuid(), allow)
}

func permits(uid, own int, allow []int) error {
	if uid == 0 || uid == own || slices.Contains(allow, uid) {
		return nil
	}
	return fmt.Errorf("user %d may not use this daemon: %w", uid, store.ErrDenied)
}
