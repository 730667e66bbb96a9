package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// doThin carries out those lines of a script that are about metadata of pools:
//
//	metadata FILE FIXTURE          a copy of a fixture of thin/metadata
//	spoil FILE BLOCK               a byte of a metadata block changes
//	dump FILE XML                  the dump of FILE, into a file
//	text FILE TEXT                 a file that holds a text
//	input FILE                     what the next command reads from standard input
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
	}
	return false, nil
}

func (m *machine) metadata(file, fixture string) error {
	from, err := os.Open(filepath.Join(m.fixtures, fixture+".bin.gz"))
	if err != nil {
		return err
	}
	defer from.Close()
	z, err := gzip.NewReader(from)
	if err != nil {
		return err
	}
	b, err := io.ReadAll(z)
	if err != nil {
		return err
	}
	m.enter()
	return os.WriteFile(file, b, 0o600)
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
