package s3test

import (
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"
)

func TestFake(t *testing.T) {
	url, backend := fake(t, nil)
	b := open(t, config(url))
	require.False(t, b.Versioned())
	suite(t, b)
	require.NotEmpty(t, remains(t, backend))
}

// Behind the deletes nothing is left on a versioned bucket: no version, no delete marker.
func TestFakeVersioned(t *testing.T) {
	url, backend := fake(t, nil)
	versioned(t, backend)
	b := open(t, config(url))
	require.True(t, b.Versioned())
	suite(t, b)
	left := keys(t, b.List(t.Context(), ""))
	require.NotEmpty(t, left)
	require.NoError(t, b.Delete(t.Context(), left...))
	require.Empty(t, remains(t, backend))
}

func remains(t *testing.T, backend *s3mem.Backend) (found []string) {
	versions, err := backend.ListBucketVersions(bucketName, &gofakes3.Prefix{}, &gofakes3.ListBucketVersionsPage{MaxKeys: 10000})
	require.NoError(t, err)
	for _, v := range versions.Versions {
		switch v := v.(type) {
		case *gofakes3.Version:
			found = append(found, v.Key)
		case *gofakes3.DeleteMarker:
			found = append(found, "marker "+v.Key)
		}
	}
	return found
}
