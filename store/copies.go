package store

import (
	"encoding/hex"

	"github.com/rok-storage/rok/maps"
)

// An object has one key in most cases. It has copies where it was condemned and a writer needed
// it again: the writer does not count on what may be deleted any time, and puts it under a key of
// its epoch.

// nameKey is an object by its name, in half the bytes of a key.
type nameKey struct {
	kind maps.Kind
	name maps.ID
}

// name is what an object is called in keys.
func (s *Store) name(kind maps.Kind, id maps.ID) maps.ID {
	if s.sealing != nil {
		return s.sealing.name(kind, id)
	}
	return id
}

// copy is the key of an object's copy of an epoch; 0 is the first.
func (o nameKey) copy(epoch uint64) objectKey { return objectKey{o.kind, o.name.String(), epoch} }

// shardPrefix is that of all keys of a kind whose names begin with a byte.
func shardPrefix(kind maps.Kind, shard byte) string {
	return prefix(kind) + hex.EncodeToString([]byte{shard}) + "/"
}

// parseCopy reads a key of an object.
func parseCopy(key string) (name maps.ID, epoch uint64, ok bool) {
	k, ok := parseObjectKey(key)
	if !ok {
		return name, 0, false
	}
	name, err := maps.ParseID(k.name)
	return name, k.epoch, err == nil
}
