package s3test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/s3"
)

// faults does something else with the requests that match, some times.
type faults struct {
	mu     sync.Mutex
	left   int
	method string
	do     func(w http.ResponseWriter, r *http.Request, next http.Handler)
}

// arm lets the next n requests of a method fail.
func (f *faults) arm(n int, method string, do func(http.ResponseWriter, *http.Request, http.Handler)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left, f.method, f.do = n, method, do
}

func (f *faults) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		do := f.do
		if hit := f.left > 0 && r.Method == f.method; hit {
			f.left--
		} else {
			do = nil
		}
		f.mu.Unlock()
		if do != nil {
			do(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func slowDown(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write([]byte(`<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`))
}

func resetBefore(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) }

func resetAfter(_ http.ResponseWriter, r *http.Request, next http.Handler) {
	next.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

func truncated(w http.ResponseWriter, r *http.Request, next http.Handler) {
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, r)
	for key, values := range rec.Header() {
		w.Header()[key] = values
	}
	w.Header().Set("Content-Length", fmt.Sprint(rec.Body.Len()))
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes()[:rec.Body.Len()/2])
	panic(http.ErrAbortHandler)
}

// hang gives no answer. A server sees that its client has gone when the body is read.
func hang(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func hangAfter(_ http.ResponseWriter, r *http.Request, next http.Handler) {
	next.ServeHTTP(httptest.NewRecorder(), r)
	<-r.Context().Done()
}

// faulty is a bucket of a server with faults, which has been probed, and what it logs.
func faulty(t *testing.T) (*s3.Bucket, *faults, func() []s3.Retry) {
	f := &faults{}
	url, _ := fake(t, f.handler)
	c := config(url)
	c.Limits.Request = 300 * time.Millisecond
	var mu sync.Mutex
	var log []s3.Retry
	c.Log = func(r s3.Retry) { mu.Lock(); log = append(log, r); mu.Unlock() }
	b := open(t, c)
	yes, err := b.Conditional(t.Context())
	require.NoError(t, err)
	require.True(t, yes)
	return b, f, func() []s3.Retry { mu.Lock(); defer mu.Unlock(); return log }
}

// Whatever is lost of a request or its reply, repeating it gives the right answer, and
// is told.
func TestRepeats(t *testing.T) {
	tests := []struct {
		name string
		do   func(http.ResponseWriter, *http.Request, http.Handler)
	}{{"503", slowDown}, {"reset before", resetBefore}, {"reset after", resetAfter}, {"truncated", truncated}, {"hang", hang}, {"hang after", hangAfter}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b, f, log := faulty(t)
			f.arm(2, http.MethodPut, test.do)
			first := put(t, b, "map/x", "one", store.Condition{Absent: true})
			f.arm(2, http.MethodPut, test.do)
			second := put(t, b, "map/x", "two", store.Condition{Version: first.Version})
			f.arm(2, http.MethodPut, test.do)
			_, err := b.Put(t.Context(), "map/x", strings.NewReader("three"), store.Condition{Version: first.Version})
			require.ErrorIs(t, err, store.ErrChanged)
			f.arm(2, http.MethodPut, test.do)
			_, err = b.Put(t.Context(), "map/x", strings.NewReader("two"), store.Condition{Absent: true})
			require.ErrorIs(t, err, store.ErrExists)
			f.arm(1, http.MethodGet, test.do)
			require.Equal(t, "two", get(t, b, "map/x"))
			f.arm(1, http.MethodHead, test.do)
			info, err := b.Stat(t.Context(), "map/x")
			require.NoError(t, err)
			require.Equal(t, second.Version, info.Version)
			f.arm(1, http.MethodGet, test.do)
			require.Equal(t, []string{"map/x"}, keys(t, b.List(t.Context(), "")))
			f.arm(1, http.MethodPost, test.do)
			put(t, b, "map/y", "y", store.Condition{})
			require.NoError(t, b.Delete(t.Context(), "map/x", "map/y"))
			require.Empty(t, keys(t, b.List(t.Context(), "")))
			require.NotEmpty(t, log())
			for _, r := range log() {
				require.NotEmpty(t, r.Op)
				require.Error(t, r.Cause)
			}
		})
	}
}

// A service that stays away is unreachable, in bounded time; and who gives up need not wait.
func TestUnreachable(t *testing.T) {
	url, _ := fake(t, nil)
	c := config(url)
	c.Limits.Total = 50 * time.Millisecond
	b := open(t, c)
	c.Endpoint = "http://127.0.0.1:1"
	_, err := s3.New(t.Context(), c)
	require.ErrorIs(t, err, store.ErrUnreachable)
	require.NotContains(t, err.Error(), "test-secret-key")
	_, err = b.Stat(t.Context(), "x")
	require.ErrorIs(t, err, store.ErrMissing)
}

// A service that says how long to wait is believed.
func TestRetryAfter(t *testing.T) {
	b, f, log := faulty(t)
	f.arm(1, http.MethodPut, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		w.Header().Set("Retry-After", "1")
		slowDown(w, r, next)
	})
	put(t, b, "blk/x", "x", store.Condition{})
	require.Equal(t, time.Second, log()[0].Wait)
	require.Equal(t, "put", log()[0].Op)
	require.Equal(t, "blk/x", log()[0].Key)
}

// A service that does not look at conditions is found out, and asked for none.
func TestConditionsIgnored(t *testing.T) {
	for _, name := range []string{"If-None-Match", "If-Match"} {
		url, _ := fake(t, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Header.Del(name)
				next.ServeHTTP(w, r)
			})
		})
		c := config(url)
		b := open(t, c)
		yes, err := b.Conditional(t.Context())
		require.NoError(t, err)
		require.False(t, yes)
		_, err = b.Put(t.Context(), "map/x", strings.NewReader("x"), store.Condition{Absent: true})
		require.ErrorContains(t, err, "does not know conditional writes")
		put(t, b, "map/x", "x", store.Condition{})
		require.Equal(t, []string{"map/x"}, keys(t, b.List(t.Context(), "")))
	}
}

// Errors that repeating does not help have their meaning, at once.
func TestMeanings(t *testing.T) {
	tests := []struct {
		status int
		code   string
		want   error
	}{
		{403, "AccessDenied", store.ErrDenied}, {403, "SignatureDoesNotMatch", store.ErrDenied},
		{404, "NoSuchBucket", store.ErrMissing}, {507, "InsufficientCapacity", store.ErrNoSpace}, {400, "QuotaExceeded", store.ErrNoSpace},
	}
	for _, test := range tests {
		b, f, log := faulty(t)
		f.arm(1, http.MethodPut, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.WriteHeader(test.status)
			_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>m</Message></Error>", test.code)
		})
		_, err := b.Put(t.Context(), "blk/x", strings.NewReader("x"), store.Condition{})
		require.ErrorIs(t, err, test.want, test.code)
		require.Empty(t, log())
		if test.code == "NoSuchBucket" {
			require.ErrorContains(t, err, "there is no bucket "+bucketName)
		}
	}
	url, _ := fake(t, nil)
	c := config(url)
	c.Bucket = "not-there"
	_, err := s3.New(t.Context(), c)
	require.ErrorIs(t, err, store.ErrMissing)
	require.ErrorContains(t, err, "there is no bucket not-there")
	c.Versioning = s3.Assume
	_, err = s3.New(t.Context(), c)
	require.ErrorIs(t, err, store.ErrMissing)
}

// Another's object is not taken for one's own, though the contents are equal.
func TestLostReplyAndAnother(t *testing.T) {
	b, f, _ := faulty(t)
	put(t, b, "lock/x", "same", store.Condition{Absent: true})
	f.arm(1, http.MethodPut, resetAfter)
	_, err := b.Put(t.Context(), "lock/x", strings.NewReader("same"), store.Condition{Absent: true})
	require.ErrorIs(t, err, store.ErrExists)
}

// A wrong ETag in a reply makes a later condition fail, and nothing be lost.
func TestWrongETag(t *testing.T) {
	b, f, _ := faulty(t)
	f.arm(1, http.MethodPut, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(httptest.NewRecorder(), r)
		w.Header().Set("ETag", `"00000000000000000000000000000000"`)
	})
	info := put(t, b, "map/x", "one", store.Condition{Absent: true})
	_, err := b.Put(t.Context(), "map/x", strings.NewReader("two"), store.Condition{Version: info.Version})
	require.ErrorIs(t, err, store.ErrChanged)
	require.Equal(t, "one", get(t, b, "map/x"))
}
