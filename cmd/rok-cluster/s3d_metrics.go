package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/daemon"
)

// s3dMetrics are what rok-s3d counts.
type s3dMetrics struct {
	registry *prometheus.Registry
	instance string
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	bytes    *prometheus.CounterVec
	retries  *prometheus.CounterVec
}

func newS3dMetrics(instance string) *s3dMetrics {
	labels := prometheus.Labels{"instance": instance}
	counter := func(name, help string, by ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels}, by)
	}
	m := &s3dMetrics{
		registry: prometheus.NewRegistry(), instance: instance,
		requests: counter("rok_s3d_requests_total", "Requests of clients that are over.", "op", "result"),
		bytes:    counter("rok_s3d_bytes_total", "Bytes of bodies that came from clients (in) and went to them (out).", "direction"),
		retries:  counter("rok_s3d_retries_total", "Requests to the S3 service that were repeated.", "op"),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "rok_s3d_request_seconds", Help: "How long requests of clients took.",
			ConstLabels: labels, Buckets: prometheus.ExponentialBuckets(0.001, 4, 9)}, []string{"op"}),
	}
	m.registry.MustRegister(m.requests, m.bytes, m.retries, m.seconds)
	return m
}

// served counts a request.
func (m *s3dMetrics) served(s daemon.Served) {
	m.requests.WithLabelValues(s.Op, resultOf(s.Err)).Inc()
	m.bytes.WithLabelValues("in").Add(float64(s.In))
	m.bytes.WithLabelValues("out").Add(float64(s.Out))
	m.seconds.WithLabelValues(s.Op).Observe(s.Duration.Seconds())
}

func resultOf(err error) string {
	if err == nil {
		return "ok"
	}
	for _, r := range []struct {
		name string
		err  error
	}{{"missing", store.ErrMissing}, {"exists", store.ErrExists}, {"changed", store.ErrChanged}, {"no-space", store.ErrNoSpace},
		{"denied", store.ErrDenied}, {"unreachable", store.ErrUnreachable}, {"corrupt", store.ErrCorrupt}} {
		if errors.Is(err, r.err) {
			return r.name
		}
	}
	return "failed"
}

// figure is one that is looked up when it is asked for.
func (m *s3dMetrics) figure(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: prometheus.Labels{"instance": m.instance}}, value))
}

func (m *s3dMetrics) count(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: prometheus.Labels{"instance": m.instance}}, value))
}

func (m *s3dMetrics) journal(state func() daemon.JournalState) {
	m.figure("rok_s3d_journal_objects", "Objects that are accepted and not in the bucket yet.", func() float64 { return float64(state().Objects) })
	m.figure("rok_s3d_journal_bytes", "Bytes of those.", func() float64 { return float64(state().Bytes) })
	m.figure("rok_s3d_journal_damaged", "Files of the journal that are no whole objects.", func() float64 { return float64(state().Damaged) })
	m.count("rok_s3d_journal_accepted_total", "Objects that were accepted.", func() float64 { return float64(state().Accepted) })
	m.count("rok_s3d_journal_uploaded_total", "Objects of the journal that came into the bucket.", func() float64 { return float64(state().Uploaded) })
	m.count("rok_s3d_journal_failures_total", "Uploads of the journal that failed and are tried again.", func() float64 { return float64(state().Failures) })
}

func (m *s3dMetrics) cache(state func() daemon.CacheState) {
	m.figure("rok_s3d_cache_bytes", "Bytes that the cache has.", func() float64 { return float64(state().Bytes) })
	m.count("rok_s3d_cache_hits_total", "Reads that the cache answered.", func() float64 { return float64(state().Hits) })
	m.count("rok_s3d_cache_misses_total", "Reads of blocks and nodes that went to the bucket.", func() float64 { return float64(state().Misses) })
}

// serve answers GET /metrics at an address until stop is called; "" is nowhere.
func (m *s3dMetrics) serve(ctx context.Context, address string) (stop func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // until it is closed
	}()
	return func() { _ = server.Close(); <-done }, nil
}
