package model

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rok-storage/rok/store"
)

// collector collects some times; when it is killed, another process goes on.
func (m *model) collector(name string, times int) {
	m.start(name, func(a *actor) {
		s, err := store.New(context.Background(), a.bucket(), store.Options{Key: m.key})
		for ; err == nil && times > 0 && !a.killed; times-- {
			a.pause(30 * time.Second)
			m.collect(a, s)
		}
		if a.killed && times > 0 {
			m.did.Killed++
			m.collector(name+"'", times)
		}
	})
}

func (m *model) collect(a *actor, s *store.Store) {
	o := store.CollectOptions{DryRun: a.rng.IntN(8) == 0, Timing: m.timing(a)}
	if a.rng.IntN(3) == 0 || m.habits.tight && a.rng.IntN(2) == 0 {
		o.Wait = time.Duration(a.rng.Int64N(int64(m.ttl + delay + margin)))
	}
	c, err := s.Collect(context.Background(), o)
	m.log(fmt.Sprintf("%s: collected: epoch %d, %d maps, %d live, %d condemned, %d freed, %d rescued, %d waiting: %s",
		a.name, c.Epoch, c.Maps, c.Live.Objects, c.Condemned.Objects, c.Freed.Objects, c.Rescued.Objects, len(c.Waiting), outcome(err)))
	m.did.Freed += c.Freed.Objects
	m.did.Rescued += c.Rescued.Objects
	m.did.Waited += int64(len(c.Waiting))
	var broken *store.MarkError
	if err != nil && (!expected(err) || errors.As(err, &broken) && !errors.Is(err, errLost) && !errors.Is(err, errKilled) && !errors.Is(err, store.ErrLeaseLost)) {
		m.errorf("%s: collect: %v", a.name, err)
	}
}
