package main

import (
	"context"
	"fmt"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/store"
)

// openStore opens the store at an address; "" is the one of daemons.conf, or else the directory below the state
// directory. Where there is none, it is made if create is set.
func openStore(ctx context.Context, e *env, address string, create bool) (*store.Store, error) {
	if e.bucket == nil {
		return nil, cli.Usagef("no way to open store %q", address)
	}
	b, err := e.bucket(address)
	if err != nil {
		return nil, err
	}
	st, err := store.New(ctx, b, store.Options{Create: create})
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	return st, nil
}
