package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/pool"
)

const (
	// hookTime is how long a hook may run, and hookEnd how long those that are left
	// may when the watcher ends.
	hookTime = 30 * time.Second
	hookEnd  = 5 * time.Second
	// hookQueue is how many may wait for the one that runs.
	hookQueue = 100
)

// hooks runs the commands that policies have for events, one after the other,
// beside the watcher, which waits for none of them.
type hooks struct {
	queue  chan hook
	done   chan struct{}
	lost   atomic.Int64 // events whose hooks were not run
	ctx    context.Context
	cancel context.CancelFunc
}

type hook struct {
	command string
	env     []string
	input   []byte
}

func newHooks(stderr io.Writer) *hooks {
	h := &hooks{queue: make(chan hook, hookQueue), done: make(chan struct{})}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	go func() {
		defer close(h.done)
		for next := range h.queue {
			if err := next.run(h.ctx, stderr); err != nil {
				fmt.Fprintf(stderr, "rok: hook %q: %v\n", next.command, err)
			}
			if n := h.lost.Swap(0); n > 0 {
				fmt.Fprintf(stderr, "rok: hooks of %d events were not run: too many waited\n", n)
			}
		}
	}()
	return h
}

// run has the hook of an event run, unless too many wait. It waits for nothing.
func (h *hooks) run(e pool.Event, v poolEventView) {
	if e.Hook == "" {
		return
	}
	var input bytes.Buffer
	_ = cli.JSONLine(&input, v) // into memory, of what can be encoded
	select {
	case h.queue <- hook{command: e.Hook, input: input.Bytes(), env: []string{
		"ROK_EVENT=" + v.Event, "ROK_VG=" + v.VG, "ROK_POOL=" + v.Pool, "ROK_MESSAGE=" + v.Message,
	}}:
	default:
		h.lost.Add(1)
	}
}

// close waits for those that are left, but not for long.
func (h *hooks) close() {
	close(h.queue)
	limit := time.AfterFunc(hookEnd, h.cancel)
	defer limit.Stop()
	<-h.done
	h.cancel()
}

// run runs the command with the event in its environment and on its standard input.
// What it prints goes to standard error; it is ended with all that it began.
func (k *hook) run(ctx context.Context, stderr io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, hookTime)
	defer cancel()
	c := exec.CommandContext(ctx, "/bin/sh", "-c", k.command)
	c.Env = append(os.Environ(), k.env...)
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(k.input), stderr, stderr
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = time.Second
	return c.Run()
}
