// Package nearest finds what somebody meant who mistyped a name.
package nearest

import "strings"

// Of returns the candidate that takes the fewest edits to become word, the
// first of several, and whether it is so near that word may be a slip for it,
// or its beginning. Without candidates it returns "". Hyphens in front do not
// count.
func Of(word string, candidates []string) (best string, near bool) {
	bare := func(s string) string { return strings.TrimLeft(s, "-") }
	edits := -1
	for _, c := range candidates {
		if d := distance([]rune(bare(word)), []rune(bare(c))); edits < 0 || d < edits {
			best, edits = c, d
		}
	}
	if edits < 0 {
		return "", false
	}
	slip := 2*edits <= len([]rune(bare(word)))
	return best, slip || bare(word) != "" && strings.HasPrefix(bare(best), bare(word))
}

// distance counts the runes to insert, remove, replace, or exchange with their
// neighbour to make b of a.
func distance(a, b []rune) int {
	row := func() []int { return make([]int, len(b)+1) }
	before, last, now := row(), row(), row()
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		for j := 1; j <= len(b); j++ {
			replace := last[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			now[j] = min(replace, last[j]+1, now[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}
