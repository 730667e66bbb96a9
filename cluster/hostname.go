package cluster

import (
	"fmt"
	"strings"
)

// CheckHost tells whether a name can be a member's: what hostname prints, up to 253 letters, digits,
// dots, hyphens and underscores, with no empty part. Errors match [ErrValue].
func CheckHost(host string) error {
	odd := func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_'
	}
	switch {
	case host == "" || len(host) > 253:
		return fmt.Errorf("host name of %d bytes: want 1 to 253: %w", len(host), ErrValue)
	case strings.ContainsFunc(host, odd):
		return fmt.Errorf("host name %q: want letters, digits, dots, hyphens and underscores: %w", host, ErrValue)
	case strings.Contains("."+host+".", ".."):
		return fmt.Errorf("host name %q: a part between dots is empty: %w", host, ErrValue)
	case host[0] == '-':
		return fmt.Errorf("host name %q begins with a hyphen: %w", host, ErrValue)
	}
	return nil
}
