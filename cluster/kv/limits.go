package kv

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// What every store takes, so that what one of them takes, all do: the defaults of etcd.
const (
	// MaxOps is the most compares, and the most ops of each branch, of a transaction.
	MaxOps = 128
	// MaxTxnSize is the greatest [Txn.Size], in bytes: 1.5 MiB.
	MaxTxnSize = 3 << 19
	// MaxKey is the length of the longest key or prefix, in bytes.
	MaxKey = 4096
	// MaxTTL is the longest time of a lease.
	MaxTTL = 9_000_000_000 * time.Second
)

// What a transaction is counted with beside its keys and values: no less than the
// bytes that etcd's encoding adds.
const (
	txnOverhead = 1024
	opOverhead  = 64
)

// Size is how many bytes a transaction counts for: the keys and values of both branches and of
// the compares, 64 for each of them, and 1 KiB.
func (t Txn) Size() int {
	size := txnOverhead
	for _, c := range t.If {
		size += opOverhead + len(c.Key)
	}
	for _, ops := range [][]Op{t.Then, t.Else} {
		for _, op := range ops {
			size += opOverhead + len(op.Key) + len(op.Value)
		}
	}
	return size
}

// Check is what every store asks of a transaction before it does anything. Errors match
// [ErrTooLarge] or [ErrInvalid].
func (t Txn) Check() error {
	if n := max(len(t.If), len(t.Then), len(t.Else)); n > MaxOps {
		return fmt.Errorf("%d operations in one transaction, at most %d: %w", n, MaxOps, ErrTooLarge)
	}
	if n := t.Size(); n > MaxTxnSize {
		return fmt.Errorf("transaction of %d bytes, at most %d: %w", n, MaxTxnSize, ErrTooLarge)
	}
	for _, c := range t.If {
		if err := CheckKey(c.Key); err != nil {
			return err
		}
	}
	for _, ops := range [][]Op{t.Then, t.Else} {
		if err := checkOps(ops); err != nil {
			return err
		}
	}
	return nil
}

func checkOps(ops []Op) error {
	changed := map[string]bool{}
	for _, op := range ops {
		check := CheckKey
		if op.Kind == OpList {
			check = CheckPrefix
		}
		if err := check(op.Key); err != nil {
			return err
		}
		switch op.Kind {
		case OpPut, OpDelete:
			if changed[op.Key] {
				return fmt.Errorf("key %q is changed twice in one transaction: %w", op.Key, ErrInvalid)
			}
			changed[op.Key] = true
		case OpGet, OpList:
		default:
			return fmt.Errorf("operation %d: %w", op.Kind, ErrInvalid)
		}
		if op.Lease != 0 && op.Kind != OpPut {
			return fmt.Errorf("key %q: only what is put has a lease: %w", op.Key, ErrInvalid)
		}
	}
	return nil
}

// CheckKey tells whether key can be one. Errors match [ErrTooLarge] or [ErrInvalid].
func CheckKey(key string) error {
	if key == "" {
		return fmt.Errorf("a key is empty: %w", ErrInvalid)
	}
	return CheckPrefix(key)
}

// CheckPrefix is CheckKey for a prefix, which may be empty.
func CheckPrefix(prefix string) error {
	if len(prefix) > MaxKey {
		return fmt.Errorf("key of %d bytes, at most %d: %w", len(prefix), MaxKey, ErrTooLarge)
	}
	if !utf8.ValidString(prefix) {
		return fmt.Errorf("key %q is not UTF-8: %w", prefix, ErrInvalid)
	}
	return nil
}

// CheckTTL tells whether a lease can last for ttl: whole seconds, at least one. Errors match
// [ErrInvalid].
func CheckTTL(ttl time.Duration) error {
	if ttl < time.Second || ttl > MaxTTL || ttl%time.Second != 0 {
		return fmt.Errorf("lease of %v: want whole seconds, at least one: %w", ttl, ErrInvalid)
	}
	return nil
}
