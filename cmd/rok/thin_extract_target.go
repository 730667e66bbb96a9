package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/thin/metadata"
	"github.com/rok-storage/rok/units"
)

// extractTarget is what a volume is written to.
type extractTarget interface {
	data(p []byte, off int64) error
	// zero makes a range zeros.
	zero(off, n int64) error
	// end is called behind the last range of a volume of that size. whole tells
	// that all of the volume was handed out.
	end(size units.Bytes, whole bool) error
	// close is called in any case; failed is why there was no end.
	close(failed error) error
}

// extractOutput counts and lists what goes into a target.
type extractOutput struct {
	target     extractTarget
	salvage    bool
	keep       bool // what is missing stays as it is
	data, zero units.Bytes
	missing    []*metadata.MissingError
	damage     damageList
	list       *rangeList
	progress   *cli.Progress
	step       cli.Step
}

// Data passes data on.
func (x *extractOutput) Data(p []byte, off int64) error {
	x.data += units.Bytes(len(p))
	x.step.Done = x.data
	x.progress.Set(x.step)
	x.list.add("data", off, int64(len(p)))
	return x.target.data(p, off)
}

// Zero passes zeros on.
func (x *extractOutput) Zero(off, n int64) error {
	x.zero += units.Bytes(n)
	x.list.add("zero", off, n)
	return x.target.zero(off, n)
}

// Missing is an error, unless it is to be salvaged.
func (x *extractOutput) Missing(off, n int64, cause *metadata.MissingError) error {
	if !x.salvage {
		return cause
	}
	if len(x.missing) < damageListed {
		x.missing = append(x.missing, cause)
	}
	_ = x.damage.add(cause)
	x.list.add("missing", off, n)
	if n < 0 || x.keep {
		return nil
	}
	return x.target.zero(off, n)
}

// rangeList writes ranges, a line each. The nil pointer writes nothing.
type rangeList struct {
	f    *os.File
	w    *bufio.Writer
	kind string
	off  int64
	n    int64
}

func newRangeList(f *os.File) *rangeList { return &rangeList{f: f, w: bufio.NewWriter(f)} }

func (l *rangeList) add(kind string, off, n int64) {
	if l == nil {
		return
	}
	if l.kind == kind && l.n >= 0 && n >= 0 && off == l.off+l.n {
		l.n += n
		return
	}
	l.flush()
	l.kind, l.off, l.n = kind, off, n
}

// flush writes the range that no other has joined. An error comes out of close.
func (l *rangeList) flush() {
	switch {
	case l.kind == "":
	case l.n < 0:
		fmt.Fprintf(l.w, "%s %d -\n", l.kind, l.off)
	default:
		fmt.Fprintf(l.w, "%s %d %d\n", l.kind, l.off, l.n)
	}
}

func (l *rangeList) close() error {
	l.flush()
	return errors.Join(l.w.Flush(), l.f.Close())
}

// extractStream writes what is no data as zeros.
type extractStream struct {
	w  io.Writer
	at int64
}

func (s *extractStream) data(p []byte, off int64) error {
	if err := s.zero(s.at, off-s.at); err != nil {
		return err
	}
	_, err := s.w.Write(p)
	s.at += int64(len(p))
	return err
}

func (s *extractStream) zero(off, n int64) error {
	for end := off + n; s.at < end; {
		p := make([]byte, min(end-s.at, zeroSize))
		if _, err := s.w.Write(p); err != nil {
			return err
		}
		s.at += int64(len(p))
	}
	return nil
}

func (s *extractStream) end(size units.Bytes, _ bool) error { return s.zero(s.at, int64(size)-s.at) }

func (s *extractStream) close(error) error { return nil }

// zeroSize is how many zeros are written at once.
const zeroSize = 1 << 20

// extractFile is a file, or a device.
type extractFile struct {
	*metadataFile
	device bool
	fresh  bool // an empty file: what is not written reads as zeros
	made   bool // it goes away again where the extraction fails
	exact  bool // the size of the volume is known
}

func (f *extractFile) data(p []byte, off int64) error {
	_, err := f.WriteAt(p, off)
	return err
}

func (f *extractFile) zero(off, n int64) error {
	switch {
	case f.fresh:
		return nil
	case f.device:
		if err := ioctl.ZeroOut(f.File, units.Bytes(off), units.Bytes(n)); err == nil {
			return nil
		}
	default:
		err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, off, n)
		if err == nil {
			return nil
		}
	}
	zeros := make([]byte, min(n, zeroSize))
	for end := off + n; off < end; {
		p := zeros[:min(end-off, zeroSize)]
		if _, err := f.WriteAt(p, off); err != nil {
			return err
		}
		off += int64(len(p))
	}
	return nil
}

func (f *extractFile) end(size units.Bytes, whole bool) error {
	switch {
	case f.device && whole && f.size > size:
		if err := f.zero(int64(size), int64(f.size-size)); err != nil {
			return err
		}
	case !f.device && (f.size < size || f.exact):
		if err := f.Truncate(int64(size)); err != nil {
			return err
		}
	}
	return f.Sync()
}

func (f *extractFile) close(failed error) error {
	err := f.Close()
	if failed != nil && f.made {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

// openFile opens a file, which is made if it is not there, or a device.
func (f *extractFlags) openFile(v *thinVolume, inputs []*os.File) (extractTarget, error) {
	made := false
	if !f.apply {
		file, err := os.OpenFile(f.output, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			made = true
			err = file.Close()
		}
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	file, err := openMetadataFile(f.output, os.O_RDWR, false)
	if errors.Is(err, unix.EBUSY) {
		return nil, &cli.Error{Err: err, Code: cli.Refused, Next: "deactivate what uses it"}
	}
	if err != nil {
		return nil, err
	}
	x := &extractFile{metadataFile: file, made: made, exact: v.options.Size != 0}
	if err := f.prepare(x, v, inputs); err != nil {
		file.Close() // nothing was written
		return nil, err
	}
	return x, nil
}

// prepare refuses what is not to be overwritten, or too small.
func (f *extractFlags) prepare(x *extractFile, v *thinVolume, inputs []*os.File) error {
	info, err := x.Stat()
	if err != nil {
		return err
	}
	x.device = !info.Mode().IsRegular()
	for _, input := range inputs {
		o := thinOutput{path: f.output, force: f.force || f.apply}
		if err := o.refuse(x.metadataFile, input); err != nil {
			return err
		}
	}
	switch {
	case x.device:
		return fits(x, v)
	case f.apply:
		return nil
	case x.size > 0 && !f.force:
		return &cli.Error{Err: fmt.Errorf("%s is not empty", f.output), Code: cli.Refused, Next: "--force overwrites it"}
	}
	x.size, x.fresh = 0, true
	return x.Truncate(0)
}

// fits refuses a device on which the volume has no room, before anything is
// written.
func fits(x *extractFile, v *thinVolume) error {
	needed := v.options.Size
	if needed == 0 {
		for m := range v.meta.Mappings(v.device) { // damage is told later
			if m.Length > 0 {
				needed = v.block * units.Bytes(min(m.Virtual+m.Length, uint64(math.MaxInt64/v.block)))
			}
		}
	}
	if needed > x.size {
		return &cli.Error{Err: fmt.Errorf("%s has %v, the volume needs %v", x.Name(), x.size, needed), Code: cli.NoSpace,
			Next: "use a larger device; --size cuts the volume"}
	}
	return nil
}
