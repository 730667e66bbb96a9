package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/internal/cli"
)

func TestOpenKV(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "password")
	require.NoError(t, os.WriteFile(secret, []byte("geheim\n"), 0o600))
	tests := []struct {
		name, text, address string
		code                cli.Code
	}{
		{"nothing", "", filepath.Join(dir, "state/cluster.db"), cli.Done},
		{"empty section", "[cluster]\n", filepath.Join(dir, "state/cluster.db"), cli.Done},
		{"etcd", "[cluster]\nendpoints = 127.0.0.1:1, 127.0.0.1:2\n", "127.0.0.1:1,127.0.0.1:2", cli.Done},
		{"unknown key", "[cluster]\nendpoint = a:1\n", "", cli.Usage},
		{"without endpoints", "[cluster]\nuser = rok\n", "", cli.Usage},
		{"user in an endpoint", "[cluster]\nendpoints = http://rok:geheim@a:1\n", "", cli.Usage},
		{"no certificate file", "[cluster]\nendpoints = a:1\nca = " + dir + "/none\n", "", cli.NotFound},
		{"nobody there", "[cluster]\nendpoints = 127.0.0.1:1\nuser = rok\npassword_file = " + secret + "\n", "", cli.Unreachable},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			config := filepath.Join(dir, "daemons.conf")
			require.NoError(t, os.WriteFile(config, []byte(test.text), 0o600))
			variables := map[string]string{"ROK_CONFIG": config, "ROK_STATE_DIR": filepath.Join(dir, "state")}
			s, err := openKV(t.Context(), &env{getenv: func(name string) string { return variables[name] }})
			require.Equal(t, test.code, cli.CodeOf(err, rules()...), "%v", err)
			if err != nil {
				require.NotContains(t, err.Error(), "geheim")
				return
			}
			require.Equal(t, test.address, s.Address())
			require.NoError(t, s.Close())
		})
	}
}

func TestStoreDown(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "daemons.conf")
	require.NoError(t, os.WriteFile(config, []byte("[cluster]\nendpoints = 127.0.0.1:1\n"), 0o600))
	s, err := openKV(t.Context(), &env{getenv: func(name string) string { return map[string]string{"ROK_CONFIG": config}[name] }})
	require.NoError(t, err)
	defer s.Close()
	_, err = s.Txn(t.Context(), kv.Txn{Then: []kv.Op{kv.Put("a", nil)}})
	require.Equal(t, cli.Unreachable, cli.CodeOf(err, rules()...))
	require.ErrorContains(t, err, "cluster store 127.0.0.1:1")
}
