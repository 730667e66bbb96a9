package store

import (
	"strconv"
	"strings"

	"github.com/rok-storage/rok/maps"
)

// The first parts of keys. What stands behind them, the package's comment says.
const (
	settingsKey = "store.json"
	blockPrefix = "blk/"
	nodePrefix  = "node/"
	mapPrefix   = "map/"
)

// prefix is that of the keys of all objects of a kind.
func prefix(kind maps.Kind) string {
	if kind == maps.Block {
		return blockPrefix
	}
	return nodePrefix
}

// objectKey is what the key of a block or node says.
type objectKey struct {
	kind  maps.Kind
	name  string // 64 hexadecimal digits: the id, or what an encrypted store makes of it
	epoch uint64 // in which it was put anew, since the key without was condemned; 0: the key without
}

// String is the key.
func (k objectKey) String() string {
	if k.epoch == 0 {
		return k.base()
	}
	return k.base() + "~" + strconv.FormatUint(k.epoch, 10)
}

// base is the key without the epoch: what an object is sealed for.
func (k objectKey) base() string { return prefix(k.kind) + k.name[:2] + "/" + k.name }

// parseObjectKey reads a key that is of a block or node: exactly those that String makes.
func parseObjectKey(key string) (objectKey, bool) {
	var k objectKey
	rest, isBlock := strings.CutPrefix(key, blockPrefix)
	k.kind = maps.Block
	if !isBlock {
		var isNode bool
		if rest, isNode = strings.CutPrefix(key, nodePrefix); !isNode {
			return objectKey{}, false
		}
		k.kind = maps.Node
	}
	const at = len("HH/")
	if len(rest) < at {
		return objectKey{}, false
	}
	name, epoch, anew := strings.Cut(rest[at:], "~")
	if len(name) != 2*maps.IDSize || strings.Trim(name, "0123456789abcdef") != "" {
		return objectKey{}, false
	}
	k.name = name
	if anew {
		n, err := strconv.ParseUint(epoch, 10, 64)
		if err != nil || n == 0 {
			return objectKey{}, false
		}
		k.epoch = n
	}
	return k, k.String() == key
}

// mapKey is where a map's own bytes are.
func mapKey(name string) string { return mapPrefix + name }

// objectKey is the key of an object, as it is put first.
func (s *Store) objectKey(kind maps.Kind, id maps.ID) objectKey {
	name := id
	if s.sealing != nil {
		name = s.sealing.name(kind, id)
	}
	return objectKey{kind: kind, name: name.String()}
}

func (s *Store) key(kind maps.Kind, id maps.ID) string { return s.objectKey(kind, id).base() }
