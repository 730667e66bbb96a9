package vm

// job is what the guest is told. It travels as JSON in the file [jailJob]: of the
// jail's /run, which user-mode Linux sees, or of QEMU's initramfs.
type job struct {
	Kernel   string   `json:"kernel"`
	Modules  string   `json:"modules"` // directory of the host
	Runner   string   `json:"runner"`
	Command  []string `json:"command"`
	Dir      string   `json:"dir"`
	Env      []string `json:"env"`
	Writable []string `json:"writable"`
	Outputs  []string `json:"outputs"`
	// Early lists the module files to load before the host's files can be
	// seen, in order, as paths in the initramfs.
	Early []string `json:"early"`
}

// jailSpec is what the jail is told, as JSON on descriptor [jailSpecFD].
type jailSpec struct {
	Writable []string    `json:"writable"`
	CPU      int         `json:"cpu"` // pin to this one; -1 for none
	Memory   int         `json:"memory"`
	Runner   string      `json:"runner"`
	Job      []byte      `json:"job"`
	Server   *fileServer `json:"server"`
	Machine  []string    `json:"machine"` // the emulator and its arguments
	Preload  string      `json:"preload"` // a library for the emulator, or empty
}

// fileServer is the process that serves the host's files to QEMU.
type fileServer struct {
	Args   []string `json:"args"`
	Socket string   `json:"socket"` // where the jail listens for it
}

// The jail's directory, in a tmpfs that only the jail has, and the files in it.
const (
	jailRun    = "/run/vmrun"
	jailJob    = jailRun + "/job.json"
	jailInit   = jailRun + "/init"
	jailSocket = jailRun + "/host.sock"
)

// Descriptors that the jail is started with.
const (
	jailSpecFD = 3 + iota
	jailWireFD
	jailConsoleFD
	jailInitrdFD // only for QEMU
)

// Descriptors that the emulator is started with.
const (
	machineWireFD = 3 + iota
	machineConsoleFD
	machineInitrdFD
)
