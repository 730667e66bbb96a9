package vm

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// cpuSlot is a processor of the host that one user-mode Linux has for itself
// among those that run at the same time.
type cpuSlot struct {
	cpu  int
	held *net.UnixListener // nil when every processor was taken
}

// takeCPU picks a processor that no other machine is pinned to. An abstract
// socket is the lock: it ends with its process and leaves no file. Where all are
// taken, two machines share one.
func takeCPU() (*cpuSlot, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, fmt.Errorf("processors of this process: %w", err)
	}
	var cpus []int
	for cpu := 0; len(cpus) < set.Count(); cpu++ {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	for _, cpu := range cpus {
		name := fmt.Sprintf("@rok-vmrun-cpu-%d", cpu)
		if l, err := net.ListenUnix("unix", &net.UnixAddr{Name: name, Net: "unix"}); err == nil {
			return &cpuSlot{cpu: cpu, held: l}, nil
		}
	}
	return &cpuSlot{cpu: cpus[os.Getpid()%len(cpus)]}, nil
}

// release gives the processor back; a nil slot has none.
func (s *cpuSlot) release() {
	if s != nil && s.held != nil {
		s.held.Close()
	}
}
