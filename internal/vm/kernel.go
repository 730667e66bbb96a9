package vm

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/cpu"
)

// The names of the kernels.
const (
	UML       = "uml"  // Debian's user-mode Linux
	Debian61  = "6.1"  // Debian 12's cloud kernel, in QEMU
	Debian612 = "6.12" // Debian 12's backported cloud kernel, in QEMU
)

// Names lists the kernels that [Find] knows, the default first.
func Names() []string { return []string{UML, Debian61, Debian612} }

// Kernel is a kernel that can be booted, with its modules.
type Kernel struct {
	Name      string // UML, Debian61 or Debian612
	Release   string // as uname -r prints it
	Image     string // the program of user-mode Linux, or the vmlinuz
	Modules   string // the directory of the release: modules.dep, kernel/…
	QEMU      string // the emulator; empty for user-mode Linux
	Virtiofsd string // the file server beside the emulator; empty for user-mode Linux
	Preload   string // the library that user-mode Linux needs on this processor, or empty
}

// MissingError: something that has to be installed is not.
type MissingError struct {
	What    string
	Install string // the command that installs it
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("%s is not installed: run %q", e.What, e.Install)
}

const (
	umlProgram       = "/usr/bin/linux.uml"          // package user-mode-linux
	qemuProgram      = "/usr/bin/qemu-system-x86_64" // package qemu-system-x86
	virtiofsdProgram = "/usr/lib/qemu/virtiofsd"     // package qemu-system-common, which qemu-system-x86 needs
	setupUML         = "make setup"
	setupQEMU        = "make setup-qemu"
)

// Find looks for the kernel called name. Set-up leaves in the directory cache,
// for each name, lib/modules/RELEASE with a modules.dep, for the QEMU lane
// boot/vmlinuz-RELEASE, and for user-mode Linux on a processor with AMX
// xstate.so (scripts/uml-xstate.c says why). A *MissingError says what is not there.
func Find(name, cache string) (Kernel, error) {
	k := Kernel{Name: name}
	setup := setupQEMU
	switch name {
	case UML:
		setup, k.Image = setupUML, umlProgram
		if _, err := os.Stat(k.Image); err != nil {
			return Kernel{}, &MissingError{"user-mode Linux", setup}
		}
	case Debian61, Debian612:
		k.QEMU, k.Virtiofsd = qemuProgram, virtiofsdProgram
		for _, program := range []string{k.QEMU, k.Virtiofsd} {
			if _, err := os.Stat(program); err != nil {
				return Kernel{}, &MissingError{filepath.Base(program), setup}
			}
		}
	default:
		return Kernel{}, fmt.Errorf("kernel %q is not one of %v", name, Names())
	}
	// The jail and the guest work in other directories.
	cache, err := filepath.Abs(cache)
	if err != nil {
		return Kernel{}, err
	}
	deps, err := filepath.Glob(filepath.Join(cache, name, "lib/modules/*/modules.dep"))
	if err != nil || len(deps) == 0 {
		return Kernel{}, &MissingError{"the module tree of kernel " + name, setup}
	}
	if name == UML && cpu.X86.HasAMXTile {
		k.Preload = filepath.Join(cache, name, "xstate.so")
		if _, err := os.Stat(k.Preload); err != nil {
			return Kernel{}, &MissingError{"the library that user-mode Linux needs on processors with AMX", setup}
		}
	}
	k.Modules = filepath.Dir(deps[len(deps)-1])
	k.Release = filepath.Base(k.Modules)
	if name != UML {
		k.Image = filepath.Join(cache, name, "boot/vmlinuz-"+k.Release)
		if _, err := os.Stat(k.Image); err != nil {
			return Kernel{}, &MissingError{"the image of kernel " + name, setup}
		}
	}
	return k, nil
}
