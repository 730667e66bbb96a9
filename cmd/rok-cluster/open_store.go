package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/daemon"
)

// openStore opens the store at an address, with the cluster's settings; "" is the directory below the state
// directory. Where there is none, it is made if create is set.
func openStore(ctx context.Context, e *env, settings cluster.Settings, address string, create bool) (*store.Store, error) {
	var err error
	a := store.Address{Scheme: "file", Path: filepath.Join(e.stateDir(), "store")}
	if address != "" {
		if a, err = store.ParseAddress(address); err != nil {
			return nil, err
		}
	}
	o := store.Options{Create: create, Settings: a.Settings(), Timing: timingOf(settings.GC)}
	if a.KeyFile != "" {
		if o.Key, err = readKey(a.KeyFile); err != nil {
			return nil, fmt.Errorf("key file: %w", err)
		}
	}
	b, err := openBucket(ctx, e, a, create)
	if err != nil {
		return nil, noStore(a, err)
	}
	s, err := openStoreOf(ctx, b, o)
	if err != nil {
		return nil, noStore(a, err)
	}
	return s, nil
}

// noStore says of a directory without a store how it gets one.
func noStore(a store.Address, err error) error {
	if a.Scheme == "file" && errors.Is(err, store.ErrMissing) {
		return &cli.Error{Err: err, Next: "there is no store yet: rok-register makes it"}
	}
	return err
}

// openStoreOf opens the store in a bucket, which is closed if there is none.
func openStoreOf(ctx context.Context, b store.Bucket, o store.Options) (*store.Store, error) {
	s, err := store.New(ctx, b, o)
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return s, nil
}

// timingOf is what the cluster says of leases in stores: gc.lease_ttl and gc.clock_margin.
func timingOf(s cluster.GCSettings) store.Timing {
	// To a store, zero is its default; a cluster whose clocks do not differ has none.
	return store.Timing{TTL: s.LeaseTTL, Margin: max(s.ClockMargin, time.Nanosecond)}
}

// openBucket opens what is at an address. Each scheme has a line here.
func openBucket(ctx context.Context, e *env, a store.Address, create bool) (store.Bucket, error) {
	if e.bucket != nil {
		return e.bucket(a.String())
	}
	switch a.Scheme {
	case "file":
		return store.NewDir(a.Path, store.DirOptions{Create: create})
	case "s3":
		return openS3(ctx, e, a)
	case "unix":
		return daemon.Dial(ctx, a.Path)
	default:
		return nil, cli.Usagef("stores at %s:// cannot be opened", a.Scheme)
	}
}

// maxKeyFile is more than any key file has.
const maxKeyFile = 1 << 10

// readKey reads the key of an encrypted store, which nobody but its owner may read.
func readKey(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if others := info.Mode().Perm() & 0o077; others != 0 && info.Mode().IsRegular() {
		return nil, openKeyError{path, info.Mode().Perm()}
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return nil, err
	}
	return store.ParseKey(text)
}

// openKeyError says that others than the owner can use a key file.
type openKeyError struct {
	path string
	mode os.FileMode
}

func (e openKeyError) Error() string {
	return fmt.Sprintf("%s has mode %04o: others can use it; run chmod 600 %[1]s", e.path, e.mode)
}

// Refused is what package cli asks for.
func (openKeyError) Refused() bool { return true }
