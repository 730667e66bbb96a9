package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/rok-storage/rok/lvm"
)

// doThin carries out those lines of a script that are about metadata of pools:
//
//	metadata FILE FIXTURE          a copy of a fixture of thin/metadata
//	spoil FILE BLOCK               a byte of a metadata block changes
//	dump FILE XML                  the dump of FILE, into a file
//	text FILE TEXT                 a file that holds a text
//	input FILE                     what the next command reads from standard input
//	into VG/LV FIXTURE IMAGE       a fixture becomes the pool's metadata, or what the volume holds
func (m *machine) doThin(args []string) (known bool, err error) {
	switch args[0] {
	case "metadata":
		return true, m.metadata(args[1], args[2])
	case "spoil":
		n, err := strconv.ParseInt(args[2], 10, 64)
		if err != nil {
			return true, err
		}
		return true, spoil(args[1], n*4096+2000)
	case "dump":
		return true, os.WriteFile(args[2], []byte(m.must("thin", "dump", args[1])), 0o600)
	case "text":
		m.enter()
		return true, os.WriteFile(args[1], []byte(args[2]), 0o600)
	case "input":
		text, err := os.ReadFile(args[1])
		m.env.stdin = bytes.NewReader(text)
		return true, err
	case "into":
		return true, m.metadataInto(args[1], args[2], args[3])
	}
	return false, nil
}

func (m *machine) metadata(file, fixture string) error {
	b, err := m.fixture(fixture)
	if err != nil {
		return err
	}
	m.enter()
	return os.WriteFile(file, b, 0o600)
}

func (m *machine) fixture(name string) ([]byte, error) {
	from, err := os.Open(filepath.Join(m.fixtures, name+".bin.gz"))
	if err != nil {
		return nil, err
	}
	defer from.Close()
	z, err := gzip.NewReader(from)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

func (m *machine) metadataInto(volume, fixture, image string) error {
	b, err := m.fixture(fixture)
	if err != nil {
		return err
	}
	name, err := parseLV(volume)
	if err != nil {
		return err
	}
	sys, err := lvm.OpenSystem(&lvm.SystemConfig{Images: []string{image}})
	if err != nil {
		return err
	}
	err = sys.Read(m.t.Context(), name.vg, false, func(g *lvm.DiskVG) error {
		content, err := g.PoolMetadata(name.lv)
		if errors.Is(err, lvm.ErrNotSupported) {
			content, err = g.Content(name.lv)
		}
		if err != nil {
			return err
		}
		_, err = content.WriteAt(b, 0)
		return err
	})
	return errors.Join(err, sys.Close())
}

// enter goes to the folder of commands on files.
func (m *machine) enter() {
	if m.cwd == "" {
		m.cwd = m.t.TempDir()
		m.t.Chdir(m.cwd)
	}
}

func spoil(file string, at int64) error {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], at); err != nil {
		return fmt.Errorf("spoil: %w", err)
	}
	b[0]++
	_, err = f.WriteAt(b[:], at)
	return err
}
