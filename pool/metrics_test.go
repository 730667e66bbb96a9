package pool_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/units"
)

func TestMetrics(t *testing.T) {
	h := newFakeHost(t, 512*units.MiB)
	h.newTank(20)
	w := h.watch(t, tankPolicy(nil))
	h.pool("tank").SetUsed(30, 640)
	w.tick()
	text := string(w.AppendMetrics(nil))
	for _, line := range []string{
		`# TYPE rok_pool_data_used_bytes gauge`,
		`rok_pool_active{vg="data",pool="tank"} 1`,
		`rok_pool_data_size_bytes{vg="data",pool="tank"} 83886080`,
		`rok_pool_data_used_bytes{vg="data",pool="tank"} 41943040`,
		`rok_pool_metadata_used_bytes{vg="data",pool="tank"} 122880`,
		`rok_pool_metadata_size_bytes{vg="data",pool="tank"} 4194304`,
		`rok_pool_refuses_new{vg="data",pool="tank"} 0`,
		`rok_pool_state{vg="data",pool="tank",state="writable"} 1`,
		`rok_pool_state{vg="data",pool="tank",state="out-of-data-space"} 0`,
		`rok_pool_events_total{vg="data",pool="tank",event="watched"} 1`,
	} {
		require.Contains(t, text, line+"\n")
	}
	for line := range strings.Lines(text) {
		require.True(t, strings.HasPrefix(line, "# ") || strings.HasPrefix(line, "rok_pool_"), line)
		require.NotContains(t, line, "+Inf")
	}

	// Of a pool that is not active the figures are not known, and not zero.
	_, err := h.System.Deactivate(t.Context(), "data", nil)
	require.NoError(t, err)
	w.tick()
	text = string(w.AppendMetrics(nil))
	require.Contains(t, text, `rok_pool_active{vg="data",pool="tank"} 0`)
	require.NotContains(t, text, `rok_pool_data_used_bytes{`)
}

func TestServeMetrics(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- pool.ServeMetrics(ctx, l, func() []byte { return []byte("rok_pool_active 1\n") }) }()
	url := "http://" + l.Addr().String()

	get := func(method, path string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), method, url+path, nil)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.Equal(t, "text/plain; version=0.0.4; charset=utf-8", response.Header.Get("Content-Type"))
		return response.StatusCode, string(body)
	}
	for _, test := range []struct {
		method, path string
		code         int
		body         string
	}{
		{"GET", "/metrics", 200, "rok_pool_active 1\n"}, {"GET", "/metrics?x=1", 200, "rok_pool_active 1\n"}, {"HEAD", "/metrics", 200, ""},
		{"GET", "/", 404, "want /metrics\n"}, {"GET", "/metricsx", 404, "want /metrics\n"}, {"POST", "/metrics", 405, "want GET /metrics\n"},
	} {
		code, body := get(test.method, test.path)
		require.Equal(t, test.code, code)
		require.Equal(t, test.body, body)
	}

	raw := func(text string) string {
		c, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		defer c.Close()
		require.NoError(t, c.SetDeadline(time.Now().Add(10*time.Second)))
		_, err = io.WriteString(c, text)
		require.NoError(t, err)
		b, _ := io.ReadAll(c) // what the server did not read may make it a reset
		return string(b)
	}
	require.Contains(t, raw("nonsense\r\n\r\n"), "400 Bad Request")
	require.Contains(t, raw("GET /metrics HTTP/1.0\n\n"), "200 OK")
	require.Contains(t, raw("GET /metrics HTTP/1.1\r\nX: "+strings.Repeat("x", 8<<10-26)), "431 ")
	c, err := net.Dial("tcp", l.Addr().String()) // it goes without a word
	require.NoError(t, err)
	require.NoError(t, c.Close())
	code, _ := get("GET", "/metrics")
	require.Equal(t, 200, code)

	cancel()
	require.NoError(t, <-ended)
	_, err = net.Dial("tcp", l.Addr().String())
	require.Error(t, err)
}

func TestWriteMetricsFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "rok.prom")
	for _, text := range []string{"a 1\n", "b 2\n"} {
		require.NoError(t, pool.WriteMetricsFile(path, []byte(text)))
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, text, string(b))
	}
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.ErrorIs(t, pool.WriteMetricsFile(filepath.Join(dir, "no/rok.prom"), nil), os.ErrNotExist)

	// It replaces no folder, and leaves nothing behind.
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "folder/x"), 0o755))
	require.Error(t, pool.WriteMetricsFile(filepath.Join(dir, "folder"), nil))
	require.NoFileExists(t, filepath.Join(dir, "folder.tmp"))
}
