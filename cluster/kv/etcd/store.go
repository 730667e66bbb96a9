package etcd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/rok-storage/rok/cluster/kv"
)

// Store is a [kv.Store] over etcd.
type Store struct {
	client  *clientv3.Client
	address string
	request time.Duration
}

var _ kv.Store = (*Store)(nil)

// Open makes a client. With a user it logs in, which takes a member that answers; without one it connects with
// the first request. Errors match [kv.ErrInvalid], [kv.ErrUnreachable], [kv.ErrDenied], and those of reading the files.
func Open(c Config) (*Store, error) {
	s := &Store{address: c.address(), request: c.request()}
	if err := c.check(); err != nil {
		s.address = "etcd" // it may have a password in it
		return nil, s.fail("open", "", err)
	}
	tls, err := c.tls()
	if err != nil {
		return nil, s.fail("open", "", err)
	}
	s.client, err = clientv3.New(clientv3.Config{
		Endpoints:            c.Endpoints,
		DialTimeout:          c.dial(),
		DialKeepAliveTime:    10 * time.Second,
		DialKeepAliveTimeout: 5 * time.Second,
		TLS:                  tls,
		Username:             c.User,
		Password:             string(c.Password),
		Logger:               zap.NewNop(),
	})
	if err != nil {
		return nil, s.fail("log in", "", meaning(err))
	}
	return s, nil
}

// Address is the endpoints.
func (s *Store) Address() string { return s.address }

// Close ends all connections, and watches.
func (s *Store) Close() error {
	if err := s.client.Close(); err != nil && !errors.Is(err, context.Canceled) {
		return s.fail("close", "", err)
	}
	return nil
}

func (s *Store) fail(op, key string, err error) error {
	return &kv.Error{Op: op, Key: key, Addr: s.address, Err: err}
}

const leaderPause = 100 * time.Millisecond

// do calls f within the time that a request may take, again where a member refused it because it knows no leader.
// What changes nothing is called again also where a member that stops, or an election, left it without an answer.
func (s *Store) do(ctx context.Context, op, key string, changes bool, check error, f func(ctx context.Context) error) error {
	if check == nil {
		check = ctx.Err()
	}
	if check != nil {
		return s.fail(op, key, check)
	}
	limited, cancel := context.WithTimeout(clientv3.WithRequireLeader(ctx), s.request)
	defer cancel()
	for again := 0; ; again++ {
		err := f(limited)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return s.fail(op, key, interrupted(ctx, changes))
		case (errors.Is(err, rpctypes.ErrNoLeader) || !changes && passing(err, again)) && pause(limited, leaderPause):
			continue
		case errors.Is(err, context.DeadlineExceeded):
			return s.fail(op, key, fmt.Errorf("%w: no answer in %v", kv.ErrUnreachable, s.request))
		}
		return s.fail(op, key, meaning(err))
	}
}

// pause waits, and reports whether ctx goes on.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func entry(e *mvccpb.KeyValue) kv.Entry {
	return kv.Entry{Key: string(e.Key), Value: e.Value, Created: e.CreateRevision, Modified: e.ModRevision, Lease: kv.LeaseID(e.Lease)}
}

func entries(all []*mvccpb.KeyValue) []kv.Entry {
	var out []kv.Entry
	for _, e := range all {
		out = append(out, entry(e))
	}
	return out
}

// one is the entry of a key that was read.
func one(key string, found []*mvccpb.KeyValue) kv.Entry {
	if len(found) == 0 {
		return kv.Entry{Key: key}
	}
	return entry(found[0])
}

// Get is [kv.Store.Get].
func (s *Store) Get(ctx context.Context, key string) (e kv.Entry, err error) {
	err = s.do(ctx, "get", key, false, kv.CheckKey(key), func(ctx context.Context) error {
		r, err := s.client.Get(ctx, key)
		if err == nil {
			e = one(key, r.Kvs)
		}
		return err
	})
	return e, err
}

// List is [kv.Store.List].
func (s *Store) List(ctx context.Context, prefix string) (l kv.Snapshot, err error) {
	err = s.do(ctx, "list", prefix, false, kv.CheckPrefix(prefix), func(ctx context.Context) error {
		r, err := s.client.Get(ctx, prefix, clientv3.WithPrefix())
		if err == nil {
			l = kv.Snapshot{Entries: entries(r.Kvs), Revision: r.Header.Revision}
		}
		return err
	})
	return l, err
}

// Grant is [kv.Store.Grant].
func (s *Store) Grant(ctx context.Context, ttl time.Duration) (id kv.LeaseID, err error) {
	err = s.do(ctx, "grant", "", true, kv.CheckTTL(ttl), func(ctx context.Context) error {
		r, err := s.client.Grant(ctx, int64(ttl/time.Second))
		if err == nil {
			id = kv.LeaseID(r.ID)
		}
		return err
	})
	return id, err
}

// Renew is [kv.Store.Renew].
func (s *Store) Renew(ctx context.Context, lease kv.LeaseID) error {
	return s.do(ctx, "renew", "", true, nil, func(ctx context.Context) error {
		_, err := s.client.KeepAliveOnce(ctx, clientv3.LeaseID(lease))
		return err
	})
}

// Revoke is [kv.Store.Revoke].
func (s *Store) Revoke(ctx context.Context, lease kv.LeaseID) error {
	return s.do(ctx, "revoke", "", true, nil, func(ctx context.Context) error {
		_, err := s.client.Revoke(ctx, clientv3.LeaseID(lease))
		if errors.Is(err, rpctypes.ErrLeaseNotFound) {
			return nil
		}
		return err
	})
}
