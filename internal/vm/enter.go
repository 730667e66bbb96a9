package vm

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// The first arguments by which a process is told its role.
const (
	roleJail     = "vmrun-jail"
	roleGuest    = "vmrun-guest"
	roleModprobe = "modprobe"
)

// Enter takes over the process, and does not return, when it was started as one
// of the machine's own: the jail on the host, process 1 of the guest, or the
// guest's modprobe. Otherwise it does nothing. The main of a Config.Runner
// calls it before anything else.
func Enter() {
	var err error
	switch {
	case os.Args[0] == roleJail:
		err = jail()
	case os.Getpid() == 1 && slices.Contains(os.Args, roleGuest):
		err = guest()
	case os.Args[0] == guestModprobe:
		err = modprobe(os.Args[1:])
		if errors.Is(err, errNoModule) {
			os.Exit(1) // asked for in vain all day: file systems, formats, …
		}
	default:
		return
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(os.Args[0]), err)
		os.Exit(1)
	}
	os.Exit(0)
}
