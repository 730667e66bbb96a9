package cli

import (
	"fmt"

	"github.com/rok-storage/rok/internal/nearest"
)

// didYouMean makes a clause of the candidate nearest to word.
func didYouMean(word string, candidates []string) string {
	best, near := nearest.Of(word, candidates)
	switch {
	case best == "":
		return "there is none"
	case near:
		return fmt.Sprintf("did you mean %s?", best)
	}
	return "the nearest one is " + best
}
