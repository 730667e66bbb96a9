package pool_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/units"
)

// endsBehind is a context that ends right behind the look at its error: who asked
// then waits, and finds its end and that of all who follow it together.
type endsBehind struct {
	context.Context
	armed bool
	end   func()
}

func (c *endsBehind) Err() error {
	err := c.Context.Err()
	if c.armed {
		c.armed = false
		c.end()
		synctest.Wait()
	}
	return err
}

// A watcher that is to end when the kernel's events have ended does so, whichever of
// both it sees first: that is chance, so that it is asked often.
func TestWatcherEndsOnce(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			h := newFakeHost(t, 128*units.MiB)
			ctx, cancel := context.WithCancel(t.Context())
			ends := &endsBehind{Context: ctx, end: cancel}
			w := pool.NewWatcher(pool.WatcherConfig{
				Host: h.Host, Looked: func() { ends.armed = true },
			})
			require.NoError(t, w.Run(ends))
		})
	}
}
