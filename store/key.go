package store

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxKey is the longest key in bytes.
const maxKey = 1000

// CheckKey tells whether a text can be a key, as [Bucket] says. Every bucket refuses others.
func CheckKey(key string) error {
	switch {
	case key == "" || len(key) > maxKey:
		return fmt.Errorf("key of %d bytes, want 1 to %d", len(key), maxKey)
	case !utf8.ValidString(key):
		return fmt.Errorf("key is not UTF-8")
	case strings.ContainsFunc(key, unicode.IsControl):
		return fmt.Errorf("key has a control character")
	}
	for part := range strings.SplitSeq(key, "/") {
		if part == "" || part == "." || part == ".." {
			return fmt.Errorf("key has the part %q", part)
		}
	}
	return nil
}
