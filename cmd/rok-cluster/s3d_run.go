package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	systemd "github.com/coreos/go-systemd/v22/daemon"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/daemon"
	"github.com/rok-storage/rok/store/s3"
)

// drainTime is how long a daemon that is told to stop brings up what it accepted. What is left then
// comes with the next start.
const drainTime = 15 * time.Second

// s3dMemory bounds bodies that are under way: memoryLimit has room for as much again.
const s3dMemory = 64 << 20

// runS3d serves until the context ends.
func runS3d(ctx context.Context, e *env, c s3dConfig) (err error) {
	m := newS3dMetrics(c.section)
	spool := filepath.Join(c.dir, "spool")
	if err := os.MkdirAll(spool, 0o700); err != nil {
		return err
	}
	above, err := openS3dBucket(ctx, e, c, m)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, above.Close()) }()
	bucket := above
	if c.cache > 0 {
		cache, err := daemon.OpenCache(bucket, filepath.Join(c.dir, "cache"), int64(c.cache))
		if err != nil {
			return err
		}
		m.cache(cache.State)
		defer func() { err = errors.Join(err, cache.Close()) }()
		bucket = cache
	}
	if c.journal > 0 {
		journal, err := openS3dJournal(ctx, e, c, bucket)
		if err != nil {
			return err
		}
		m.journal(journal.State)
		defer func() { err = errors.Join(err, endJournal(ctx, e, journal)) }()
		bucket = journal
	}
	stop, err := m.serve(ctx, c.metrics)
	if err != nil {
		return err
	}
	defer stop()
	l, err := listenS3d(c)
	if err != nil {
		return err
	}
	e.log(fmt.Sprintf("serving %s at unix://%s", bucket.Address(), l.Addr()))
	ready(ctx)
	return daemon.Serve(ctx, l, daemon.Config{Bucket: bucket, Spool: spool, Allow: c.allow, Memory: s3dMemory, Watch: m.served})
}

// openS3dBucket opens what is served.
func openS3dBucket(ctx context.Context, e *env, c s3dConfig, m *s3dMetrics) (store.Bucket, error) {
	if e.bucket != nil {
		return e.bucket("s3://" + c.s3.Bucket)
	}
	c.s3.Log = func(r s3.Retry) {
		m.retries.WithLabelValues(r.Op).Inc()
		e.log(retryLine(r))
	}
	if err := e.completeS3(&c.s3, c.ca, c.keys); err != nil {
		return nil, err
	}
	b, err := s3.New(ctx, c.s3)
	var versioning *s3.VersioningError
	if errors.As(err, &versioning) {
		versioning.Remedy = fmt.Sprintf(`add the line "assume-no-versioning = true" to the section [%s] of %s`, c.section, c.file)
		if !versioning.Unknown {
			versioning.Remedy = fmt.Sprintf(`take "no-versioning" out of the section [%s] of %s, and off the command line`, c.section, c.file)
		}
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

// openS3dJournal opens the journal. One line in ten seconds tells of uploads that fail.
func openS3dJournal(ctx context.Context, e *env, c s3dConfig, b store.Bucket) (*daemon.Journal, error) {
	var mu sync.Mutex
	var last time.Time
	j, err := daemon.OpenJournal(ctx, b, daemon.JournalConfig{Dir: filepath.Join(c.dir, "journal"), Size: int64(c.journal), Report: func(key string, err error) {
		mu.Lock()
		defer mu.Unlock()
		if errors.Is(err, store.ErrCorrupt) || time.Since(last) > 10*time.Second {
			last = time.Now()
			e.log(fmt.Sprintf("journal: %s: %v", key, err))
		}
	}})
	if err == nil {
		if n := j.State().Replayed; n > 0 {
			e.log(fmt.Sprintf("journal: %d objects from before go up", n))
		}
	}
	return j, err
}

// endJournal brings up what can be brought up in time.
func endJournal(ctx context.Context, e *env, j *daemon.Journal) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if err := j.Barrier(ctx); err != nil {
		e.log(fmt.Sprintf("journal: %d objects stay here until the next start: %v", j.State().Objects, err))
	}
	return j.Close()
}

// listenS3d is the socket that systemd has made, or one of our own.
func listenS3d(c s3dConfig) (net.Listener, error) {
	given, err := activation.Listeners()
	if err != nil {
		return nil, err
	}
	if l, err := givenSocket(given); l != nil || err != nil {
		return l, err
	}
	if err := os.MkdirAll(filepath.Dir(c.socket), 0o755); err != nil {
		return nil, err
	}
	return daemon.Listen(c.socket, c.mode)
}

// givenSocket is the one that systemd gave, or nil. The daemon asks the kernel who connects, which only a unix socket
// tells.
func givenSocket(given []net.Listener) (net.Listener, error) {
	switch {
	case len(given) == 0:
		return nil, nil
	case len(given) > 1 || given[0] == nil:
		return nil, fmt.Errorf("systemd gave %d sockets: want one unix stream socket", len(given))
	}
	if a := given[0].Addr(); a.Network() != "unix" {
		return nil, fmt.Errorf("systemd gave the %s socket %s: want a unix stream socket", a.Network(), a)
	}
	return given[0], nil
}

// ready tells systemd that all is set up, and goes on telling it that we live where it asks for that.
func ready(ctx context.Context) {
	_, _ = systemd.SdNotify(false, systemd.SdNotifyReady) // without systemd there is nobody to tell
	context.AfterFunc(ctx, func() { _, _ = systemd.SdNotify(false, systemd.SdNotifyStopping) })
	every, err := systemd.SdWatchdogEnabled(false)
	if err != nil || every == 0 {
		return
	}
	go func() {
		tick := time.NewTicker(every / 3)
		defer tick.Stop()
		for {
			_, _ = systemd.SdNotify(false, systemd.SdNotifyWatchdog)
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
}
