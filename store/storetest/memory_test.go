package storetest

import (
	"testing"

	"github.com/rok-storage/rok/store"
)

func TestMemory(t *testing.T) {
	TestBucket(t, func(*testing.T) store.Bucket { return &Memory{} },
		Caps{InMemory: true, Again: func(_ *testing.T, b store.Bucket) store.Bucket { return b }})
}

func TestMemoryOfSums(t *testing.T) {
	TestBucket(t, func(*testing.T) store.Bucket { return &Memory{Sums: true} },
		Caps{InMemory: true, SameVersion: true, Again: func(_ *testing.T, b store.Bucket) store.Bucket { return b }})
}

func TestStoreInMemory(t *testing.T) {
	TestStore(t, func(*testing.T) store.Bucket { return &Memory{} })
	TestStore(t, func(*testing.T) store.Bucket { return &Memory{Sums: true} })
}
