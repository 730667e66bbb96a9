package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"os/user"
	"strconv"
	"syscall"
	"time"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/store"
)

// env is what the commands reach of the world around them. Tests have their
// own.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	// conf and state are what --config and --state-dir say; "": nothing.
	conf, state string
	hostname    func() (string, error)
	// home is the user's, as the system's list of users has it; nil: nobody knows.
	home func() string
	// suffix is what stood behind the command's name in the program's: "v0.12.0"
	// in rok-cluster-upgrade-v0.12.0.
	suffix string
	quiet  bool // the command has -q
	now    func() time.Time
	// bucket opens stores in tests; nil elsewhere.
	bucket func(address string) (store.Bucket, error)
	// code is what this program knows; zero: what was built. Tests run older code.
	code cluster.Code
	// openKV opens the cluster's store; nil: as daemons.conf says.
	openKV opener
	// steps has tests kill the process in an upgrade's steps; nil elsewhere.
	steps func([]cluster.Step) []cluster.Step
	// signals is a context that ends with a signal that asks to stop.
	signals func(context.Context) (context.Context, context.CancelFunc)
}

// system is the env of a process. Nothing else reads the environment.
func system() *env {
	return &env{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, hostname: os.Hostname, now: time.Now,
		home:    func() string { return homeOf(os.Geteuid()) },
		signals: untilSignal,
	}
}

// homeOf is the home of a user, or "".
func homeOf(uid int) string {
	u, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		return ""
	}
	return u.HomeDir
}

func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
}
