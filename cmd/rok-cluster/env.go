package main

import (
	"io"
	"os"

	"github.com/rok-storage/rok/store"
)

// env is what the commands reach of the world around them. Tests have their
// own.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	hostname       func() (string, error)
	// suffix is what stood behind the command's name in the program's: "v0.12.0"
	// in rok-cluster-upgrade-v0.12.0.
	suffix string
	// bucket opens stores in tests; nil elsewhere.
	bucket func(address string) (store.Bucket, error)
}

// system is the env of a process. Nothing else reads the environment.
func system() *env {
	return &env{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, hostname: os.Hostname}
}

// stateDir is where rok keeps what it must not forget.
func (e *env) stateDir() string {
	if dir := e.getenv("ROK_STATE_DIR"); dir != "" {
		return dir
	}
	return "/var/lib/rok"
}

// configPath is the file that the administrator writes.
func (e *env) configPath() string {
	if path := e.getenv("ROK_CONFIG"); path != "" {
		return path
	}
	return "/etc/rok/daemons.conf"
}
