package cli

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// TerminalWidth returns the number of columns of the terminal that w is, and
// zero where w is none.
func TerminalWidth(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	conn, err := f.SyscallConn()
	if err != nil {
		return 0
	}
	columns := 0
	// A file that is closed is no terminal.
	_ = conn.Control(func(fd uintptr) {
		if _, err := unix.IoctlGetTermios(int(fd), unix.TCGETS); err != nil {
			return
		}
		// Serial consoles do not know their size.
		columns = 80
		if size, err := unix.IoctlGetWinsize(int(fd), unix.TIOCGWINSZ); err == nil && size.Col > 0 {
			columns = int(size.Col)
		}
	})
	return columns
}
