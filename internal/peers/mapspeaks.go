package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/units"
)

// measureMapsPeaks runs commands on the largest blocks, on volumes of many, and on a map
// of a million entries, for the memory that they take.
func measureMapsPeaks(ctx context.Context, cfg config, dir string) (peaks []mapsPeak, err error) {
	place := filepath.Join(dir, "peaks")
	address := "file://" + filepath.Join(place, "store")
	image := filepath.Join(dir, "image")
	if err := os.MkdirAll(place, 0o700); err != nil {
		return nil, err
	}
	large := filepath.Join(place, "large")
	if err := makeLarge(large, image); err != nil {
		return nil, err
	}
	program := func(name string, args ...string) []string {
		return append([]string{"env", "ROK_STATE_DIR=" + filepath.Join(place, "state"), filepath.Join(dir, name), "--store", address}, args...)
	}
	for _, name := range []string{"rok-composer-tool", "rok-cluster-gc", "rok-present"} {
		if err := os.Symlink("rok-cluster", filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	register := func(source, name string, more ...string) []string {
		return append(program("rok-register", "-q", source, name), more...)
	}
	for _, step := range []struct {
		name   string
		before func() error
		argv   []string
	}{
		{"register, blocks of 16 MiB", nothing, register(image, "sixteen", "--block-size", "16MiB")},
		{"register, blocks of 64 KiB", nothing, register(image, "small", "--block-size", "64KiB", "--map-version", "4", "--degree", "128")},
		{"register, a sparse volume of 64 TiB", nothing, register(large, "large")},
		{"present, blocks of 16 MiB", nothing, program("rok-present", "-q", "sixteen", filepath.Join(place, "presented"))},
		{"map-upgrade of a map of 4 TiB", func() error { return putLargeMap(ctx, filepath.Join(place, "store"), cfg.quick) },
			[]string{"env", "ROK_STATE_DIR=" + filepath.Join(place, "state"), filepath.Join(dir, "rok-composer-tool"),
				"map-upgrade", "-q", "--store", address, "--degree", "128", "dense"}},
		{"cluster-gc", nothing, program("rok-cluster-gc", "-q")},
	} {
		if err := step.before(); err != nil {
			return nil, err
		}
		var took spent
		if err := (&command{argv: step.argv, watched: true}).run(ctx, &took); err != nil {
			return nil, err
		}
		peaks = append(peaks, mapsPeak{step.name, took.peakMemory()})
	}
	return peaks, errors.Join(os.RemoveAll(place))
}

// makeLarge makes a sparse file whose data are those of image's first GiB.
func makeLarge(path, image string) error {
	const part = 4 * units.MiB
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	defer out.Close()
	in, err := os.Open(image)
	if err != nil {
		return err
	}
	defer in.Close()
	buf := make([]byte, part)
	for i := range int64(16) {
		n, err := in.ReadAt(buf, i*int64(part))
		if n == 0 {
			return fmt.Errorf("read %s: %w", image, err)
		}
		if _, err := out.WriteAt(buf[:n], i*int64(4*units.TiB)); err != nil {
			return err
		}
	}
	return errors.Join(out.Truncate(int64(64*units.TiB)), out.Close())
}

// putLargeMap publishes a v3 map of a dense volume of which no block is there.
func putLargeMap(ctx context.Context, dir string, quick bool) (err error) {
	size := units.Bytes(mapsTreeSize)
	if quick {
		size = 16 * units.GiB
	}
	bucket, err := store.NewDir(dir, store.DirOptions{})
	if err != nil {
		return err
	}
	s, err := store.New(ctx, bucket, store.Options{})
	if err != nil {
		return errors.Join(err, bucket.Close())
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	session, err := s.Begin(ctx, store.SessionOptions{Purpose: "peers"})
	if err != nil {
		return err
	}
	var text bytes.Buffer
	w, err := maps.NewWriter(&text, nil, maps.Spec{Shape: maps.Shape{Version: 3, Size: size}})
	for i := uint64(0); err == nil && i < uint64(size/maps.DefaultBlockSize); i++ {
		err = w.Add(ctx, i, mapID(i))
	}
	if err == nil {
		_, err = w.Finish(ctx)
	}
	if err == nil {
		_, err = session.Publish(ctx, "dense", bytes.NewReader(text.Bytes()), store.Condition{})
	}
	return errors.Join(err, session.End(ctx))
}
