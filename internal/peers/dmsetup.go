package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/rok-storage/rok/dm"
)

// dmsetup is the program, started for each operation.
type dmsetup struct{}

func (dmsetup) name() string { return "dmsetup" }

// command is one call of dmsetup that does not look for udev. The text is its
// standard input.
func (dmsetup) command(input string, args ...string) *exec.Cmd {
	cmd := exec.Command("dmsetup", args...)
	cmd.Env = append(os.Environ(), "DM_DISABLE_UDEV=1")
	cmd.Stdin = strings.NewReader(input)
	return cmd
}

// output runs dmsetup and returns what it prints.
func (d dmsetup) output(input string, args ...string) (string, error) {
	cmd := d.command(input, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("dmsetup %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return string(out), nil
}

func (d dmsetup) operation(input string, args ...string) operation {
	return func() error {
		_, err := d.output(input, args...)
		return err
	}
}

func (d dmsetup) version() operation             { return d.operation("", "version") }
func (d dmsetup) list(int) operation             { return d.operation("", "ls") }
func (d dmsetup) info(device string) operation   { return d.operation("", "info", device) }
func (d dmsetup) status(device string) operation { return d.operation("", "status", device) }

func (d dmsetup) load(device string, t dm.Table) operation {
	text, err := t.AppendText(nil)
	if err != nil {
		return fails(err)
	}
	return d.operation(string(text), "load", device)
}

func (d dmsetup) cycle(device string, t dm.Table) operation {
	text, err := t.AppendText(nil)
	if err != nil {
		return fails(err)
	}
	create, remove := d.operation(string(text), "create", device), d.operation("", "remove", device)
	return func() error {
		if err := create(); err != nil {
			return err
		}
		return remove()
	}
}

func (dmsetup) close() error { return nil }
