package store

// known remembers objects that are there, exactly, and forgets some of them: those that were
// not added among the last. The zero value knows none.
type known struct {
	young, old map[nameKey]struct{}
}

// knownSize is how many each half has: some 12 MiB of memory.
const knownSize = 128 << 10

func (k *known) has(o nameKey) bool {
	if _, ok := k.young[o]; ok {
		return true
	}
	_, ok := k.old[o]
	return ok
}

func (k *known) add(o nameKey) {
	if len(k.young) >= knownSize {
		k.old, k.young = k.young, nil
	}
	if k.young == nil {
		k.young = map[nameKey]struct{}{}
	}
	k.young[o] = struct{}{}
}
