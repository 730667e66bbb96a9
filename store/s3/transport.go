package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/rok-storage/rok/store"
)

// reply is what minio-go does not tell of the last reply to a request. It travels in
// the request's context.
type reply struct {
	mu    sync.Mutex
	date  time.Time     // the service's clock
	after time.Duration // Retry-After; 0 is none
}

type replyKey struct{}

func (r *reply) note(h http.Header) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		r.date = date
	}
	r.after = 0
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		r.after = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(text); err == nil && !r.date.IsZero() {
		r.after = max(0, at.Sub(r.date))
	}
}

// clock is the service's clock; zero where there was no answer.
func (r *reply) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.date
}

func (r *reply) retryAfter() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.after
}

// replyOf is the reply that a request of do has noted.
func replyOf(ctx context.Context) *reply {
	if r, ok := ctx.Value(replyKey{}).(*reply); ok {
		return r
	}
	return &reply{}
}

// transport is a connection pool that notes replies.
type transport struct{ *http.Transport }

// RoundTrip does one request.
func (t transport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.Transport.RoundTrip(request)
	if err == nil {
		replyOf(request.Context()).note(response.Header)
	}
	return response, err
}

func newTransport(l Limits, ca []byte) (transport, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(ca) > 0 {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(ca) {
			return transport{}, fmt.Errorf("s3: authorities: no certificate in the text: %w", store.ErrName)
		}
		config.RootCAs = pool
	}
	dialer := &net.Dialer{Timeout: min(10*time.Second, l.Request), KeepAlive: 15 * time.Second}
	return transport{&http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		MaxConnsPerHost:       l.Connections,
		MaxIdleConnsPerHost:   l.Connections,
		IdleConnTimeout:       l.Idle,
		TLSHandshakeTimeout:   min(10*time.Second, l.Request),
		ExpectContinueTimeout: 2 * time.Second,
		TLSClientConfig:       config,
		DisableCompression:    true,
	}}, nil
}
