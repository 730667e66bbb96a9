package vm

import (
	"fmt"
)

// umlMachine is the command line of user-mode Linux. Its root is the host's
// tree through hostfs, as the jail made it: read-only but for what was asked.
func umlMachine(cfg *Config) []string {
	return []string{
		cfg.Kernel.Image,
		"uml_dir=" + jailRun + "/",
		fmt.Sprintf("mem=%dM", cfg.memory()),
		"rootfstype=hostfs", "rootflags=/", "rw",
		"init=" + jailInit,
		// tty0 is the kernel's console, tty1 the wire. Without "null" as input
		// it would read the descriptor too.
		"con=null", "ssl=null",
		fmt.Sprintf("con0=null,fd:%d", machineConsoleFD),
		fmt.Sprintf("con1=null,fd:%d", machineWireFD),
		"console=tty0",
		"noreboot", // a panic ends the machine; it would start itself again
		"panic=-1", "oops=panic",
		"loglevel=" + cfg.logLevel(),
		"--", roleGuest,
	}
}
