package etcdtest_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/etcd"
	"github.com/rok-storage/rok/internal/etcdtest"
)

// protect has the members want a user, and gives rok what is below /rok/.
func protect(t *testing.T, c *etcdtest.Cluster) {
	c.Admin(func(ctx context.Context, client *clientv3.Client) {
		for _, user := range []string{"root", "rok"} {
			_, err := client.UserAdd(ctx, user, "geheim")
			require.NoError(t, err)
			_, err = client.RoleAdd(ctx, user)
			require.NoError(t, err)
			_, err = client.UserGrantRole(ctx, user, user)
			require.NoError(t, err)
		}
		_, err := client.RoleGrantPermission(ctx, "rok", "/rok/", clientv3.GetPrefixRangeEnd("/rok/"), clientv3.PermissionType(clientv3.PermReadWrite))
		require.NoError(t, err)
		_, err = client.AuthEnable(ctx)
		require.NoError(t, err)
	})
}

// A client with TLS and that user.
func TestLogin(t *testing.T) {
	t.Parallel()
	c := etcdtest.Start(t, 1, etcdtest.Options{TLS: etcdtest.NewCertificates(t)})
	protect(t, c)
	cfg := c.Config()
	cfg.User, cfg.Password = "rok", "geheim"
	s, err := etcd.Open(cfg)
	require.NoError(t, err)
	defer s.Close()
	_, err = s.Txn(t.Context(), kv.Txn{Then: []kv.Op{kv.Put("/rok/a", nil)}})
	require.NoError(t, err)
	_, err = s.Txn(t.Context(), kv.Txn{Then: []kv.Op{kv.Put("/other", nil)}})
	require.ErrorIs(t, err, kv.ErrDenied)
	for _, err := range s.Watch(t.Context(), "/other", 0) {
		require.ErrorIs(t, err, kv.ErrDenied)
	}
	cfg.Password = "falsch"
	_, err = etcd.Open(cfg)
	require.ErrorIs(t, err, kv.ErrDenied)
	require.NotContains(t, err.Error(), "falsch")
	stranger := c.Config()
	stranger.CA, stranger.Request = etcdtest.NewCertificates(t).CA, 2*time.Second
	other, err := etcd.Open(stranger)
	require.NoError(t, err)
	defer other.Close()
	_, err = other.Get(t.Context(), "/rok/a")
	require.ErrorIs(t, err, kv.ErrUnreachable, "its certificate is of another authority")
}

// The program with TLS and a user that may do nothing but what is below /rok/.
func TestProgramLogsIn(t *testing.T) {
	t.Parallel()
	certificates := etcdtest.NewCertificates(t)
	c := etcdtest.Start(t, 1, etcdtest.Options{TLS: certificates})
	protect(t, c)
	h := &hosts{t: t, dir: t.TempDir()}
	require.NoError(t, os.MkdirAll(h.path("rok1", "state"), 0o755))
	section := "[cluster]\nendpoints = " + strings.TrimPrefix(c.Endpoints()[0], "https://") + "\n"
	conf := func(lines string) {
		require.NoError(t, os.WriteFile(h.path("rok1", "daemons.conf"), []byte(section+lines), 0o600))
	}
	tls := "ca = " + certificates.CA + "\ncert = " + certificates.Cert + "\nkey = " + certificates.Key + "\n"
	password := h.path("rok1", "password")
	login := "user = rok\npassword_file = " + password + "\n"
	require.NoError(t, os.WriteFile(password, []byte("geheim\n"), 0o600))
	conf(tls + login)
	h.must("rok1", `rok-config set gc.wait=5s && rok-config apply --wait && rok-cluster-ctl member-list && rok-cluster-upgrade verify`)

	conf(tls)
	h.must("rok1", `rok-config get`) // etcd takes the certificate's name for the user's
	conf(login)
	_, stderr, code := h.bash("rok1", `rok-config get`)
	require.Equal(t, 5, code, stderr)
	require.NoError(t, os.WriteFile(password, []byte("falsch\n"), 0o600))
	conf(tls + login)
	_, stderr, code = h.bash("rok1", `rok-config get`)
	require.Equal(t, 5, code, stderr)
	require.Contains(t, stderr, "denies access")
	require.NotContains(t, stderr, "falsch")
}
