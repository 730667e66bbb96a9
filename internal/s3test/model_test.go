package s3test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store/daemon/daemontest"
	"github.com/rok-storage/rok/store/s3"
	"github.com/rok-storage/rok/store/storetest/model"
)

// buckets are those of one server, one for each history.
type buckets struct {
	url       string
	backend   *s3mem.Backend
	versioned bool
	daemons   string // a directory: each bucket is behind a daemon of its own; "" has none
}

func newBuckets(t *testing.T, versioned, daemons bool) *buckets {
	s := &buckets{backend: s3mem.New(), versioned: versioned}
	server := httptest.NewServer(gofakes3.New(s.backend).Server())
	t.Cleanup(server.Close)
	s.url = server.URL
	if daemons {
		s.daemons = t.TempDir()
	}
	return s
}

func (s *buckets) open(h model.History) (model.Place, error) {
	c := config(s.url)
	c.Bucket = fmt.Sprint("history-", h.Seed)
	if err := s.backend.CreateBucket(c.Bucket); err != nil {
		return model.Place{}, err
	}
	if s.versioned {
		if err := s.backend.SetVersioningConfiguration(c.Bucket, gofakes3.VersioningConfiguration{Status: gofakes3.VersioningEnabled}); err != nil {
			return model.Place{}, err
		}
	}
	b, err := s3.New(context.Background(), c)
	if err != nil {
		return model.Place{}, err
	}
	objects := inside{s.backend, c.Bucket, c.Prefix + "/"}
	end := func() error { return errors.Join(b.Close(), s.backend.ForceDeleteBucket(c.Bucket)) }
	place := model.Place{Bucket: b, Inside: objects, Keys: objects.versions, Close: end}
	if s.daemons != "" {
		d, err := daemontest.Through(b, filepath.Join(s.daemons, c.Bucket), true)
		if err != nil {
			return place, errors.Join(err, end())
		}
		place.Bucket, place.Close = d, func() error { return errors.Join(d.Close(), end()) }
	}
	return place, nil
}

// TestModel plays histories on S3, with and without versions, directly and through a daemon.
func TestModel(t *testing.T) {
	for _, test := range []struct {
		name              string
		versioned, daemon bool
	}{{"plain", false, false}, {"versioned", true, false}, {"daemon", false, true}, {"daemon of versions", true, true}} {
		t.Run(test.name, func(t *testing.T) {
			model.Histories(t, model.Asked(os.Getenv, 24), newBuckets(t, test.versioned, test.daemon).open)
		})
	}
}

// A seed is one history on S3, too.
func TestModelSeedIsOneHistory(t *testing.T) {
	for _, daemon := range []bool{false, true} {
		for seed := uint64(1); seed <= 4; seed++ {
			require.Equal(t, model.Trace(t, seed, newBuckets(t, false, daemon).open), model.Trace(t, seed, newBuckets(t, false, daemon).open))
		}
	}
}

func TestModelDirected(t *testing.T) {
	for _, versioned := range []bool{false, true} {
		for _, daemon := range []bool{false, true} {
			model.Directed(t, newBuckets(t, versioned, daemon).open)
		}
	}
}
