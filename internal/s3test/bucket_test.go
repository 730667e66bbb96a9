package s3test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/s3"
	"github.com/rok-storage/rok/store/storetest"
)

// TestStore has a store do on S3, directly and through a daemon, what it does everywhere.
func TestStore(t *testing.T) {
	for _, test := range []struct {
		name              string
		versioned, daemon bool
	}{{"plain", false, false}, {"versioned", true, false}, {"daemon", false, true}, {"daemon of versions", true, true}} {
		t.Run(test.name, func(t *testing.T) {
			storetest.TestStore(t, func(t *testing.T) store.Bucket {
				url, backend := fake(t, nil)
				if test.versioned {
					versioned(t, backend)
				}
				b := open(t, config(url))
				if !test.daemon {
					return b
				}
				d, _ := throughDaemon(t, b)
				return d
			})
		})
	}
}

// TestBucket has store/s3 do what every bucket does, on a bucket of S3 with and without versions.
func TestBucket(t *testing.T) {
	for _, test := range []struct {
		name     string
		versions bool
	}{{"plain", false}, {"versioned", true}} {
		t.Run(test.name, func(t *testing.T) {
			configs := map[store.Bucket]s3.Config{}
			storetest.TestBucket(t, func(t *testing.T) store.Bucket {
				url, backend := fake(t, nil)
				if test.versions {
					versioned(t, backend)
				}
				c := config(url)
				b := open(t, c)
				configs[b] = c
				return b
			}, storetest.Caps{
				Again: func(t *testing.T, b store.Bucket) store.Bucket {
					c, ok := configs[b]
					require.True(t, ok)
					return open(t, c)
				},
				SameVersion: true, BodyFirst: true, InMemory: true, Big: 20 << 20,
			})
		})
	}
}
