// Package daemontest puts a daemon in front of a bucket, for tests.
package daemontest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/daemon"
)

// Daemon serves a bucket.
type Daemon struct {
	*daemon.Client
	// Journal is nil where there is none.
	Journal *daemon.Journal

	ends []func() error // what is closed, the last first
}

// Through is a daemon with a client, in a directory that it makes; with a cache and a journal between, as rok-s3d has them, or without.
func Through(b store.Bucket, dir string, journaled bool) (_ *Daemon, err error) {
	d := &Daemon{}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	d.ends = append(d.ends, func() error { return os.RemoveAll(dir) })
	if journaled {
		cache, err := daemon.OpenCache(b, filepath.Join(dir, "cache"), 64<<20)
		if err != nil {
			return nil, err
		}
		d.ends = append(d.ends, cache.Close)
		if d.Journal, err = daemon.OpenJournal(context.Background(), cache, daemon.JournalConfig{Dir: filepath.Join(dir, "journal"), First: 10 * time.Millisecond}); err != nil {
			return nil, err
		}
		d.ends = append(d.ends, d.Journal.Close)
		b = d.Journal
	}
	path := filepath.Join(dir, "s")
	l, err := daemon.Listen(path, 0o600)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- daemon.Serve(ctx, l, daemon.Config{Bucket: b, Spool: dir}) }()
	d.ends = append(d.ends, func() error { cancel(); return <-ended })
	d.Client, err = daemon.Dial(ctx, path)
	if err != nil {
		return nil, err
	}
	d.ends = append(d.ends, d.Client.Close)
	return d, nil
}

// Close ends client and daemon, and removes the directory. The bucket behind is its owner's to close.
func (d *Daemon) Close() error {
	var errs []error
	for _, end := range slices.Backward(d.ends) {
		errs = append(errs, end())
	}
	d.ends = nil
	return errors.Join(errs...)
}
