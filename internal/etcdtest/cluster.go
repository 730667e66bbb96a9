// Package etcdtest starts members of etcd in the process of a test, on loopback, with etcd's default
// limits, and stops them one by one.
package etcdtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"

	"github.com/rok-storage/rok/cluster/kv/etcd"
)

// Options are how members are started. The zero value is good.
type Options struct {
	// TLS has them ask for certificates, of these; nil: none.
	TLS *Certificates
}

// Cluster is members, of which some may be stopped.
type Cluster struct {
	t       testing.TB
	options Options
	configs []*embed.Config
	members []*embed.Etcd // nil: stopped
}

// Start starts n members, waits until they serve, and stops them when the test ends.
func Start(t testing.TB, n int, o Options) *Cluster {
	t.Helper()
	c := &Cluster{t: t, options: o, members: make([]*embed.Etcd, n)}
	var peers []string
	addresses := free(t, 2*n)
	for i := range n {
		cfg := embed.NewConfig()
		cfg.Name, cfg.Dir = fmt.Sprint("m", i), t.TempDir()
		cfg.LogLevel, cfg.LogOutputs = "panic", []string{"/dev/null"}
		client, peer := address("http", addresses[2*i]), address("http", addresses[2*i+1])
		if o.TLS != nil {
			client.Scheme = "https"
			cfg.ClientTLSInfo.CertFile, cfg.ClientTLSInfo.KeyFile = o.TLS.Cert, o.TLS.Key
			cfg.ClientTLSInfo.TrustedCAFile, cfg.ClientTLSInfo.ClientCertAuth = o.TLS.CA, true
		}
		cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
		cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
		peers = append(peers, cfg.Name+"="+peer.String())
		c.configs = append(c.configs, cfg)
	}
	for _, cfg := range c.configs {
		cfg.InitialCluster = strings.Join(peers, ",")
	}
	t.Cleanup(func() {
		for i := range c.members {
			c.Stop(i)
		}
	})
	for i := range c.members {
		c.begin(i)
	}
	c.WaitReady()
	return c
}

// free are addresses on which nobody listens, below the ports that the kernel gives to who connects: a member that is
// stopped must find its own again.
func free(t testing.TB, n int) (all []string) {
	t.Helper()
	for range 1000 {
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 10000+rand.IntN(20000)))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		require.NoError(t, err)
		defer l.Close()
		if all = append(all, l.Addr().String()); len(all) == n {
			return all
		}
	}
	t.Fatal("no port is free")
	return nil
}

func address(scheme, host string) url.URL { return url.URL{Scheme: scheme, Host: host} }

func (c *Cluster) begin(i int) {
	c.t.Helper()
	m, err := embed.StartEtcd(c.configs[i])
	require.NoError(c.t, err)
	c.members[i] = m
}

// Begin starts a member again that was stopped, with the data that it had. It does not wait.
func (c *Cluster) Begin(i int) {
	c.t.Helper()
	cfg := *c.configs[i] // started ones keep theirs
	cfg.ClusterState = embed.ClusterStateFlagExisting
	c.configs[i] = &cfg
	c.begin(i)
}

// Stop stops a member at once, without handing its leadership over.
func (c *Cluster) Stop(i int) {
	if m := c.members[i]; m != nil {
		c.members[i] = nil
		m.Server.HardStop()
		m.Close()
	}
}

// WaitReady waits until all members that run serve.
func (c *Cluster) WaitReady() {
	c.t.Helper()
	for _, m := range c.members {
		if m == nil {
			continue
		}
		select {
		case <-m.Server.ReadyNotify():
		case <-time.After(time.Minute):
			c.t.Fatal("a member of etcd does not serve after a minute")
		}
	}
}

// Leader is the member that leads, waited for.
func (c *Cluster) Leader() int {
	c.t.Helper()
	for range 600 {
		for i, m := range c.members {
			if m != nil && m.Server.Leader() == m.Server.MemberID() {
				return i
			}
		}
		<-time.After(100 * time.Millisecond)
	}
	c.t.Fatal("etcd has no leader after a minute")
	return -1
}

// Endpoints are those of all members, also of stopped ones.
func (c *Cluster) Endpoints() (all []string) {
	for _, cfg := range c.configs {
		all = append(all, cfg.ListenClientUrls[0].String())
	}
	return all
}

// Config is what a client needs. Its user is none.
func (c *Cluster) Config(members ...int) etcd.Config {
	cfg := etcd.Config{Endpoints: c.Endpoints()}
	if len(members) > 0 {
		all := cfg.Endpoints
		cfg.Endpoints = nil
		for _, i := range members {
			cfg.Endpoints = append(cfg.Endpoints, all[i])
		}
	}
	if o := c.options.TLS; o != nil {
		cfg.CA, cfg.Cert, cfg.Key = o.CA, o.Cert, o.Key
	}
	return cfg
}

// Open is a client of these members; of all without any. It is closed when the test ends.
func (c *Cluster) Open(members ...int) *etcd.Store {
	c.t.Helper()
	s, err := etcd.Open(c.Config(members...))
	require.NoError(c.t, err)
	c.t.Cleanup(func() { _ = s.Close() })
	return s
}

// Admin calls f with etcd's own client, for what a store does not do.
func (c *Cluster) Admin(f func(ctx context.Context, client *clientv3.Client)) {
	c.t.Helper()
	tls, err := clientTLS(c.options.TLS)
	require.NoError(c.t, err)
	client, err := clientv3.New(clientv3.Config{Endpoints: c.Endpoints(), TLS: tls})
	require.NoError(c.t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	f(ctx, client)
}

// Running are the members that were not stopped.
func (c *Cluster) Running() (all []int) {
	for i, m := range c.members {
		if m != nil {
			all = append(all, i)
		}
	}
	return slices.Clip(all)
}
