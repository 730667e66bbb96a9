package vm

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// wirePort is the name of the virtio port that is the wire.
const wirePort = "vmrun.wire"

// qemuMachine is the command line of QEMU without KVM.
func qemuMachine(cfg *Config) []string {
	return []string{
		cfg.Kernel.QEMU,
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-machine", "q35,memory-backend=mem", "-accel", "tcg,thread=multi", "-cpu", "max",
		"-smp", fmt.Sprint(cfg.cpus()),
		"-m", fmt.Sprintf("%dM", cfg.memory()),
		// The file server maps the guest's memory.
		"-object", fmt.Sprintf("memory-backend-memfd,id=mem,share=on,size=%dM", cfg.memory()),
		"-kernel", cfg.Kernel.Image,
		"-initrd", fmt.Sprintf("/proc/self/fd/%d", machineInitrdFD),
		"-append", strings.Join([]string{
			"console=ttyS0", "rdinit=/init",
			"panic=-1", "oops=panic",
			// On a busy host the emulated timer's check fails by mere slowness.
			"no_timer_check",
			"mitigations=off", "random.trust_cpu=on", "audit=0", "apparmor=0",
			"loglevel=" + cfg.logLevel(),
			"--", roleGuest,
		}, " "),
		// Files, and not "stdio": the end of file on its input would close the
		// port, and the guest's first write would block for ever.
		"-chardev", fmt.Sprintf("file,id=console,path=/proc/self/fd/%d,append=on", machineConsoleFD),
		"-serial", "chardev:console",
		"-chardev", fmt.Sprintf("file,id=wire,path=/proc/self/fd/%d,append=on", machineWireFD),
		"-device", "virtio-serial-pci",
		"-device", "virtserialport,chardev=wire,name=" + wirePort,
		"-chardev", "socket,id=host,path=" + jailSocket,
		"-device", "vhost-user-fs-pci,chardev=host,tag=" + hostTag,
	}
}

// qemuFileServer serves the host's tree, as the jail made it, to QEMU.
func qemuFileServer(cfg *Config) *fileServer {
	return &fileServer{
		Socket: jailSocket,
		Args: []string{
			cfg.Kernel.Virtiofsd, "--fd=3",
			"-o", "source=/",
			// Nobody else writes these files while the machine runs.
			"-o", "cache=always",
			// The jail's namespaces are the sandbox; virtiofsd only has to
			// stay in the tree that it serves.
			"-o", "sandbox=chroot",
			"-o", "log_level=err",
		},
	}
}

// earlyModules are what a kernel needs before it sees the host's files; those
// that it has built in resolve to nothing.
var earlyModules = []string{"virtio_pci", "virtio_console", "virtiofs", "overlay"}

// qemuInitrd packs process 1, the job and the early modules, and names the
// modules in the job. Debian's 6.1 boots from nothing but an initramfs.
func qemuInitrd(cfg *Config, j *job) (*os.File, error) {
	ar := new(initramfs)
	for _, dir := range []string{"dev", "proc", "sys", "run", "run/vmrun", "modules"} {
		ar.dir(dir)
	}
	runner, err := os.ReadFile(cfg.Runner)
	if err != nil {
		return nil, err
	}
	ar.file("init", 0o755, runner)
	tree := moduleTree(cfg.Kernel.Modules)
	for _, name := range earlyModules {
		files, err := tree.resolve(name)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			module, err := os.ReadFile(filepath.Join(string(tree), file))
			if err != nil {
				return nil, err
			}
			path := fmt.Sprintf("modules/%02d-%s", len(j.Early), filepath.Base(file))
			ar.file(path, 0o644, module)
			j.Early = append(j.Early, "/"+path)
		}
	}
	text, err := j.encode()
	if err != nil {
		return nil, err
	}
	ar.file(strings.TrimPrefix(jailJob, "/"), 0o644, text)
	return memoryFile("initrd", ar.end())
}
