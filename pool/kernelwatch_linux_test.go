package pool_test

import (
	"context"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/pool"
)

// kernelWatch is a watcher of the real kernel's pools that runs, and what it has said so far.
type kernelWatch struct {
	h      *kernelHost
	cancel context.CancelFunc
	ended  chan error
	mu     sync.Mutex
	events []pool.Event
}

// watch runs a watcher. It looks by itself as seldom as rok pool watch does.
func (h *kernelHost) watch(policy *pool.Policy) *kernelWatch {
	h.t.Helper()
	ticker := time.NewTicker(10 * time.Second)
	watched := make(chan struct{})
	var once sync.Once
	w := &kernelWatch{h: h, ended: make(chan error, 1)}
	watcher := pool.NewWatcher(pool.WatcherConfig{
		Host: h.Host, Policies: map[string]*pool.Policy{h.vg + "/tank": policy}, Ticks: ticker.C,
		Report: w.add,
		Looked: func() { once.Do(func() { close(watched) }) },
	})
	ctx, cancel := context.WithCancel(h.t.Context())
	w.cancel = cancel
	go func() {
		defer ticker.Stop()
		w.ended <- watcher.Run(ctx)
	}()
	<-watched
	return w
}

func (w *kernelWatch) add(e pool.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
}

func (w *kernelWatch) said(name pool.Name) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return count(w.events, name)
}

// stop ends the watcher, and returns all events. It waits for those that are named
// here: what an action does is seen by others before the watcher can say it.
func (w *kernelWatch) stop(expected ...pool.Name) []pool.Event {
	w.h.t.Helper()
	for _, name := range expected {
		require.Eventually(w.h.t, func() bool { return w.said(name) > 0 }, 30*time.Second, 10*time.Millisecond, name)
	}
	w.cancel()
	require.NoError(w.h.t, <-w.ended)
	for _, e := range w.events {
		w.h.t.Logf("%s: %s", e.Name, e.Message)
	}
	return w.events
}
