package compare

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/rok-storage/rok/ioctl"
)

// RefusedError says that a device is not overwritten, and why. The command
// exits with 3.
type RefusedError struct {
	Device string
	Reason string
	Hint   string // what to do where it is meant all the same; may be empty
}

// Error prints, for example, `compare: /dev/sdb: has an ext4 file system; …`.
func (e *RefusedError) Error() string {
	s := fmt.Sprintf("compare: %s: %s", e.Device, e.Reason)
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// Refused marks the error as a safety check's.
func (e *RefusedError) Refused() bool { return true }

// claimDevice opens a disk that nobody uses and on which nothing is, or, where
// destroy names it again, anything. The file has the name of the node, also
// where path is a link: what a link such as /dev/disk/by-id/… leads to may
// change.
func claimDevice(path, destroy string) (*os.File, error) {
	node, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	// Before it is opened: opening some character devices does something.
	if _, err := ioctl.NodeDev(node); err != nil {
		return nil, &RefusedError{Device: path, Reason: "is not a block device"}
	}
	// O_EXCL on a block device: nobody has it, or a partition of it, mounted or
	// claimed.
	f, err := os.OpenFile(node, os.O_RDWR|syscall.O_EXCL, 0)
	if errors.Is(err, syscall.EBUSY) {
		return nil, &RefusedError{Device: path, Reason: "is in use: it or a partition of it is mounted, or another device stands on it"}
	}
	if err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	if err := overwritable(f, path, destroy); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	// Our own devices must be able to claim the disk next. While it is open,
	// its node does not become another disk's.
	again, err := os.OpenFile(node, os.O_RDWR, 0)
	return again, errors.Join(err, f.Close())
}

// overwritable reports why the disk f, which was named as path, is not to be
// overwritten.
func overwritable(f *os.File, path, destroy string) error {
	readOnly, err := ioctl.ReadOnly(f)
	if err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	if readOnly {
		return &RefusedError{Device: path, Reason: "is read-only"}
	}
	// A loop device uses a disk without a claim.
	loops, err := loopFiles()
	if err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	for loop, file := range loops {
		if sameDisk(file, f.Name()) {
			return &RefusedError{Device: path, Reason: "is in use: " + loop + " stands on it"}
		}
	}
	if destroy == path {
		return nil
	}
	what, err := whatIsOn(f)
	if err != nil {
		return fmt.Errorf("compare: look at what is on %s: %w", path, err)
	}
	if what == "" {
		return nil
	}
	return &RefusedError{
		Device: path, Reason: what,
		Hint: "to overwrite it, name it again: --destroy " + path,
	}
}

// sameDisk reports whether two paths are nodes of the same block device.
func sameDisk(a, b string) bool {
	first, err := ioctl.NodeDev(a)
	if err != nil {
		return false
	}
	second, err := ioctl.NodeDev(b)
	return err == nil && first == second
}

// signature is what marks the contents of a disk.
type signature struct {
	offset int
	magic  string
	what   string
}

// signatures are the most common ones, from the sources of each: file systems'
// super blocks, partition tables, LVM2's label, swap, LUKS, md.
func signatures() []signature {
	return []signature{
		{510, "\x55\xaa", "has a partition table or a boot sector"},
		{512, "EFI PART", "has a GPT partition table"},
		{0, "XFSB", "has an XFS file system"},
		{1080, "\x53\xef", "has an ext2, ext3 or ext4 file system"},
		{65600, "_BHRfS_M", "has a btrfs file system"},
		{512, "LABELONE", "is an LVM2 physical volume"},
		{0, "LABELONE", "is an LVM2 physical volume"},
		{1024, "LABELONE", "is an LVM2 physical volume"},
		{1536, "LABELONE", "is an LVM2 physical volume"},
		{4086, "SWAPSPACE2", "is swap space"},
		{0, "LUKS\xba\xbe", "is encrypted with LUKS"},
		{4096, "\xfc\x4e\x2b\xa9", "is part of an md array"},
		{0, "\xfc\x4e\x2b\xa9", "is part of an md array"},
	}
}

// looked is how much of a disk's beginning and end is looked at.
const looked = 1 << 20

// whatIsOn says what is on a disk, or "" where its beginning and its end are
// all zeros. What it does not know is something too.
func whatIsOn(f *os.File) (string, error) {
	head := make([]byte, looked)
	n, err := io.ReadFull(io.NewSectionReader(f, 0, looked), head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && err != io.EOF {
		return "", err
	}
	head = head[:n]
	for _, s := range signatures() {
		if end := s.offset + len(s.magic); end <= len(head) && string(head[s.offset:end]) == s.magic {
			return s.what, nil
		}
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return "", err
	}
	tail := make([]byte, min(looked, size))
	if _, err := f.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return "", err
	}
	if nonZero(head) || nonZero(tail) {
		return "has data on it", nil
	}
	return "", nil
}

func nonZero(b []byte) bool { return len(bytes.Trim(b, "\x00")) > 0 }
