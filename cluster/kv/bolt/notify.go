package bolt

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// notify tells that a file was written and closed, or renamed, made or removed.
type notify struct {
	file    *os.File
	changed chan struct{} // has one where something was, since it was taken out
	ended   chan struct{} // closed when it tells no more
}

// newNotify begins to watch the directory of a file. It fails where there is no such directory,
// or as many watches as the user may have.
func newNotify(path string) (*notify, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("inotify_init1", err)
	}
	dir, name := filepath.Split(path)
	const mask = unix.IN_CLOSE_WRITE | unix.IN_MOVED_TO | unix.IN_DELETE | unix.IN_MOVED_FROM | unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_ONLYDIR
	if _, err := unix.InotifyAddWatch(fd, filepath.Clean(dir), mask); err != nil {
		_ = unix.Close(fd)
		return nil, &os.PathError{Op: "inotify_add_watch", Path: dir, Err: err}
	}
	n := &notify{file: os.NewFile(uintptr(fd), "inotify"), changed: make(chan struct{}, 1), ended: make(chan struct{})}
	go n.run([]byte(name))
	return n, nil
}

// run reads events until the file is closed, or the directory gone.
func (n *notify) run(name []byte) {
	defer close(n.ended)
	buf := make([]byte, 16<<10)
	for {
		size, err := n.file.Read(buf)
		if err != nil {
			return
		}
		ours, gone := eventsOf(buf[:size], name)
		if ours {
			select {
			case n.changed <- struct{}{}:
			default:
			}
		}
		if gone {
			return
		}
	}
}

// eventsOf reads what inotify(7) wrote, struct inotify_event of linux/inotify.h: whether something is of the file
// with that name, or was lost, and whether the watch is over.
func eventsOf(b, name []byte) (ours, gone bool) {
	for len(b) >= unix.SizeofInotifyEvent {
		mask, length := binary.NativeEndian.Uint32(b[4:]), int(binary.NativeEndian.Uint32(b[12:]))
		b = b[unix.SizeofInotifyEvent:]
		if length > len(b) {
			return true, gone
		}
		of := bytes.TrimRight(b[:length], "\x00")
		b = b[length:]
		ours = ours || bytes.Equal(of, name) || mask&unix.IN_Q_OVERFLOW != 0
		gone = gone || mask&(unix.IN_IGNORED|unix.IN_DELETE_SELF|unix.IN_MOVE_SELF|unix.IN_UNMOUNT) != 0
	}
	return ours, gone
}

func (n *notify) close() {
	_ = n.file.Close()
	<-n.ended
}
