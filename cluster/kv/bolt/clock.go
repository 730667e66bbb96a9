package bolt

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/cluster/kv/rules"
)

// bootClock is the time since the machine's start, and that start's id.
func bootClock() (rules.Instant, error) {
	const path = "/proc/sys/kernel/random/boot_id"
	id, err := os.ReadFile(path)
	if err != nil {
		return rules.Instant{}, fmt.Errorf("id of this machine's start: %w", err)
	}
	var at unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &at); err != nil {
		return rules.Instant{}, fmt.Errorf("time since this machine's start: %w", err)
	}
	return rules.Instant{Boot: strings.TrimSpace(string(id)), At: time.Duration(at.Nano())}, nil
}
