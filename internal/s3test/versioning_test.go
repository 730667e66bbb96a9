package s3test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/s3"
)

// noVersioning is a service that does not implement what asks about versions, and counts
// that.
func noVersioning(count *atomic.Int64) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, key := range []string{"versioning", "versions", "versionId"} {
				if r.URL.Query().Has(key) {
					count.Add(1)
					w.WriteHeader(http.StatusNotImplemented)
					_, _ = w.Write([]byte(`<?xml version="1.0"?><Error><Code>NotImplemented</Code><Message>A header or query you provided implies functionality that is not implemented.</Message></Error>`))
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}

// With Assume nothing on the wire asks about versions, whatever is done.
func TestAssumeNoVersioning(t *testing.T) {
	var count atomic.Int64
	url, _ := fake(t, noVersioning(&count))
	c := config(url)
	c.Versioning = s3.Assume
	b := open(t, c)
	suite(t, b)
	require.NoError(t, b.Delete(t.Context(), keys(t, b.List(t.Context(), ""))...))
	require.Zero(t, count.Load())
}

// Without the line, the error says which line to add, and where.
func TestVersioningNotImplemented(t *testing.T) {
	for _, mode := range []s3.Versioning{s3.Auto, s3.Off} {
		var count atomic.Int64
		url, _ := fake(t, noVersioning(&count))
		c := config(url)
		c.Versioning = mode
		_, err := s3.New(t.Context(), c)
		var of *s3.VersioningError
		require.ErrorAs(t, err, &of)
		require.True(t, of.Unknown)
		require.ErrorContains(t, err, `"assume-no-versioning = true"`)
		require.ErrorContains(t, err, "[s3d.N]")
		require.ErrorContains(t, err, "/etc/rok/daemons.conf")
		require.Equal(t, int64(1), count.Load())
	}
}

func TestOffRefusesVersions(t *testing.T) {
	url, backend := fake(t, nil)
	c := config(url)
	c.Versioning = s3.Off
	open(t, c)
	versioned(t, backend)
	_, err := s3.New(t.Context(), c)
	var of *s3.VersioningError
	require.ErrorAs(t, err, &of)
	require.False(t, of.Unknown)
	require.ErrorIs(t, err, store.ErrSettings)
}

// Deletes of a key leave longer keys alone, and take what was hidden by a plain delete too.
func TestDeleteVersions(t *testing.T) {
	url, backend := fake(t, nil)
	versioned(t, backend)
	b := open(t, config(url))
	for range 3 {
		for _, key := range []string{"map/a", "map/a-b", "map/a/b", "map/ab"} {
			put(t, b, key, key, store.Condition{})
		}
	}
	_, err := backend.DeleteObject(bucketName, "some/where/map/a")
	require.NoError(t, err)
	require.NoError(t, b.Delete(t.Context(), "map/a"))
	left := strings.Join(remains(t, backend), " ")
	require.NotContains(t, left+" ", "map/a ")
	require.Equal(t, []string{"map/a-b", "map/a/b", "map/ab"}, keys(t, b.List(t.Context(), "")))
}

// What objects were before goes, however much it is; what somebody hid with a plain delete, and what was put while
// versioning was off, stays.
func TestDeleteSuperseded(t *testing.T) {
	var first atomic.Value // the name of that version
	url, backend := fake(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			for key, values := range rec.Header() {
				w.Header()[key] = values
			}
			w.WriteHeader(rec.Code)
			reply := rec.Body.Bytes()
			if name, ok := first.Load().(string); ok { // gofakes3 gives such a version one of its own, and services do not
				reply = bytes.ReplaceAll(reply, []byte(">"+name+"<"), []byte(">null<"))
			}
			_, _ = w.Write(reply)
		})
	})
	versioned(t, backend)
	b := open(t, config(url))
	put(t, b, "map/before", "put while versioning was off", store.Condition{})
	versions, err := backend.ListBucketVersions(bucketName, nil, nil)
	require.NoError(t, err)
	first.Store(string(versions.Versions[0].(*gofakes3.Version).VersionID))
	for i := range 9 {
		for _, key := range []string{"map/a", "map/a-b", "map/before", "map/hidden", "gc/epoch"} {
			put(t, b, key, strings.Repeat("x", i), store.Condition{})
		}
	}
	for i := range 1100 { // pages
		key := fmt.Sprintf("blk/00/%04d", i)
		put(t, b, key, "old", store.Condition{})
		put(t, b, key, "new", store.Condition{})
	}
	_, err = backend.DeleteObject(bucketName, "some/where/map/hidden")
	require.NoError(t, err)

	freed, err := b.DeleteSuperseded(t.Context(), "map/")
	require.NoError(t, err)
	require.Equal(t, store.Amount{Objects: 3 * 8, Bytes: 3 * (0 + 1 + 2 + 3 + 4 + 5 + 6 + 7)}, freed)
	freed, err = b.DeleteSuperseded(t.Context(), "blk/00/")
	require.NoError(t, err)
	require.Equal(t, store.Amount{Objects: 1100, Bytes: 3300}, freed)
	left := map[string]int{}
	for _, key := range remains(t, backend) {
		left[key]++
	}
	require.Equal(t, 1, left["some/where/map/a"])
	require.Equal(t, 1, left["some/where/map/a-b"])
	require.Equal(t, 2, left["some/where/map/before"])
	require.Equal(t, 9, left["some/where/map/hidden"])
	require.Equal(t, 9, left["some/where/gc/epoch"])
	require.Equal(t, 1, left["some/where/blk/00/1099"])
	require.Equal(t, strings.Repeat("x", 8), get(t, b, "map/a"))
	freed, err = b.DeleteSuperseded(t.Context(), "map/")
	require.NoError(t, err)
	require.Zero(t, freed)
}

// With Assume, and with Off, nothing is asked.
func TestDeleteSupersededWithoutVersions(t *testing.T) {
	var count atomic.Int64
	url, _ := fake(t, noVersioning(&count))
	c := config(url)
	c.Versioning = s3.Assume
	b := open(t, c)
	freed, err := b.DeleteSuperseded(t.Context(), "")
	require.NoError(t, err)
	require.Zero(t, freed)
	require.Zero(t, count.Load())
}
