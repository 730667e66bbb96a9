package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/thin/metadata"
	"github.com/rok-storage/rok/units"
)

func thinCommand(e *env) *cobra.Command {
	c := cli.Group("thin", "", asked(e, "thin", thinCommands())...)
	c.Long = `Read and write the metadata of thin pools: which block of which volume lies where.

FILE is a pool's metadata: a file that holds a copy of it, or the metadata
device itself, such as /dev/mapper/VG-POOL_tmeta. No kernel is asked. A device is
opened for this command alone, so the pool must not be active; the metadata
snapshot of an active pool is read with --metadata-snap, where a command has it.
dump, ls, delta and check read VG/POOL too, on the pool's PVs, and a volume VG/LV
that holds a copy.`
	c.Example = "  rok thin check meta.img\n  rok thin dump meta.img"
	return c
}

func thinCommands() []command {
	return []command{
		{name: "dump", build: thinDump},
		{name: "ls", build: thinLs},
		{name: "delta", build: thinDelta},
		{name: "check", build: thinCheck},
		{name: "extract", build: thinExtract},
		{name: "restore", build: thinRestore},
		{name: "repair", build: thinRepair},
	}
}

// metadataFile is the FILE of a command, opened.
type metadataFile struct {
	*os.File
	size units.Bytes
}

// openMetadataFile opens a regular file or a block device. flag is os.O_RDONLY or
// os.O_RDWR; a device is opened with O_EXCL, unless it is to be shared with the
// pool that is active on it.
func openMetadataFile(path string, flag int, shared bool) (*metadataFile, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	device := info.Mode()&fs.ModeDevice != 0 && info.Mode()&fs.ModeCharDevice == 0
	if !device && !info.Mode().IsRegular() {
		return nil, cli.Usagef("%s is neither a file nor a block device", path)
	}
	if device && !shared {
		flag |= unix.O_EXCL
	}
	f, err := os.OpenFile(path, flag, 0)
	if errors.Is(err, unix.EBUSY) {
		return nil, &cli.Error{Err: err, Code: cli.Refused,
			Next: "deactivate the pool that uses it, or read its metadata snapshot with --metadata-snap"}
	}
	if err != nil {
		return nil, err
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err == nil && device {
		// The kernel writes an active pool's metadata past the page cache, which
		// may hold what an earlier reader saw.
		err = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &metadataFile{File: f, size: units.Bytes(size)}, nil
}

// metadataCommand is what a command does with a pool's metadata.
type metadataCommand func(c *cobra.Command, m *metadata.Metadata, args []string) error

// withMetadata makes a command's function of one that reads the metadata that its
// first argument names. held reports whether it is the metadata snapshot that is
// read, so that the pool may be active.
func (s *storage) withMetadata(held func() bool, run metadataCommand) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		if name, is := s.metadataVolume(args[0]); is {
			return s.looking(s.readVolume(name, held(), run))(c, args)
		}
		f, err := openMetadataFile(args[0], os.O_RDONLY, held())
		if err != nil {
			return err
		}
		defer f.Close() // nothing was written
		m, err := metadata.Open(f, f.size)
		if err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		return run(c, m, args)
	}
}

// thinRules are what the errors of thin/metadata mean to the shell.
func thinRules() []cli.Rule {
	return []cli.Rule{
		{Code: cli.NotFound, Match: cli.Is(metadata.ErrNoDevice)},
		{Code: cli.NotFound, Match: cli.Is(metadata.ErrNoSnapshot)},
		{Code: cli.Corrupt, Match: cli.Is(metadata.ErrCorrupt)},
		{Code: cli.Corrupt, Match: cli.As[*metadata.MissingError]()},
	}
}
