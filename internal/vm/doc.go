// Package vm runs one command on a real Linux kernel in a virtual machine,
// without KVM, and without asking anything of the host's own kernel.
//
// # Words
//
// The host is where [Run] is called. The machine is one kernel, booted for one
// command. The guest is what runs inside it. A lane is a way to boot: user-mode
// Linux ([UML], one processor, system calls dear and computing cheap), and QEMU
// without KVM with a kernel of Debian's (several processors, everything about
// four times slower).
//
// # What the guest sees
//
// The host's whole file tree at the same paths, read-only underneath an overlay
// in memory, so a test binary finds its testdata and a program its libraries;
// its own /proc, /sys, /dev and /run; an empty TMPDIR in memory; no network but
// the loopback. The kernel's modules are loaded when the kernel asks for them.
//
// # Who runs
//
//	host    Run ── starts ──> jail: own mount and process namespaces
//	                            └── user-mode Linux, or QEMU and virtiofsd
//	guest                             └── process 1 ── the command
//
// The jail and process 1 of the guest are the same static binary as the
// caller's, Config.Runner, entered through [Enter]: no shell, no tool and no
// image of a file system is needed.
//
// The jail makes every mount of the host read-only in a mount namespace of its
// own, because user-mode Linux works with the host's rights and a "ro" inside
// the guest binds only the guest. It is process 1 of a process namespace, so
// that killing it kills whatever the emulator started, and it dies with its
// parent. All its files live in a tmpfs of that namespace: nothing remains even
// after a SIGKILL.
//
// Standard output, standard error, files asked for and the exit status come
// back as frames over one byte channel (wire.go). The kernel's console is a
// second channel; its tail is what a [Failure] shows.
package vm
