package etcdtest_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/rok-storage/rok/cluster/kv/kvtest"
	"github.com/rok-storage/rok/internal/etcdtest"
)

func TestStoreOfOne(t *testing.T) {
	t.Parallel()
	c := etcdtest.Start(t, 1, etcdtest.Options{})
	suite(t, c)
}

// Two clients, of different members.
func TestStoreOfThree(t *testing.T) {
	t.Parallel()
	c := etcdtest.Start(t, 3, etcdtest.Options{})
	suite(t, c)
}

func suite(t *testing.T, c *etcdtest.Cluster) {
	last := len(c.Running()) - 1
	a, b := c.Open(0), c.Open(last)
	kvtest.Test(t, func(t *testing.T) kvtest.Target {
		return kvtest.Target{Store: a, Other: b, Compact: func(t *testing.T, revision int64) {
			c.Admin(func(ctx context.Context, client *clientv3.Client) {
				_, err := client.Compact(ctx, revision, clientv3.WithCompactPhysical())
				require.NoError(t, err)
			})
		}}
	})
}
