package vm

import "fmt"

// initramfs builds an archive in cpio's "newc" format, as the kernel unpacks it
// (Documentation/driver-api/early-userspace/buffer-format.rst): a header of
// hexadecimal fields, the name and the data, each padded to four bytes.
type initramfs struct {
	b   []byte
	ino int
}

const (
	modeDir  = 0o040000 // S_IFDIR
	modeFile = 0o100000 // S_IFREG
)

// dir adds a directory; its parents must come first. Names have no leading
// slash.
func (a *initramfs) dir(name string) { a.entry(name, modeDir|0o755, nil) }

func (a *initramfs) file(name string, perm int, data []byte) { a.entry(name, modeFile|perm, data) }

// end finishes the archive and returns it.
func (a *initramfs) end() []byte {
	a.entry("TRAILER!!!", 0, nil)
	return a.b
}

func (a *initramfs) entry(name string, mode int, data []byte) {
	a.ino++
	a.b = fmt.Appendf(a.b, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		a.ino, mode,
		0, 0, // owner and group
		1, 0, // links and time
		len(data),
		0, 0, 0, 0, // device of the file system, device of the node
		len(name)+1,
		0) // no checksum in this format
	a.b = append(a.b, name...)
	a.b = append(a.b, 0)
	a.pad()
	a.b = append(a.b, data...)
	a.pad()
}

func (a *initramfs) pad() {
	for len(a.b)%4 != 0 {
		a.b = append(a.b, 0)
	}
}
