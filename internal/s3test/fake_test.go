package s3test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store/s3"
)

const bucketName = "rok-test"

// fake is gofakes3 behind a handler that tests put between.
func fake(t *testing.T, between func(http.Handler) http.Handler) (url string, backend *s3mem.Backend) {
	backend = s3mem.New()
	require.NoError(t, backend.CreateBucket(bucketName))
	handler := gofakes3.New(backend).Server()
	if between != nil {
		handler = between(handler)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL, backend
}

func versioned(t *testing.T, backend *s3mem.Backend) {
	require.NoError(t, backend.SetVersioningConfiguration(bucketName, gofakes3.VersioningConfiguration{Status: gofakes3.VersioningEnabled}))
}

// config is for a server of a test, with short waits.
func config(url string) s3.Config {
	return s3.Config{
		Endpoint: url, Bucket: bucketName, Prefix: "some/where", Region: "us-east-1", PathStyle: true,
		Credentials: s3.Credentials{AccessKey: "test-access", SecretKey: "test-secret-key"},
		Limits: s3.Limits{
			Request: 10 * time.Second, Total: 20 * time.Second, First: time.Millisecond, Longest: 5 * time.Millisecond,
		},
	}
}

func open(t *testing.T, c s3.Config) *s3.Bucket {
	b, err := s3.New(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}
