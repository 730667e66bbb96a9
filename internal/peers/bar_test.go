package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBars(t *testing.T) {
	held := bar{text: "holds"}
	held.check(true, "never printed")
	missed := bar{text: "does not"}
	missed.check(true, "never printed")
	missed.check(false, "here: %.2f", 1.5)
	unseen := bar{text: "was looked at nowhere"}

	require.NoError(t, verdict([]bar{held}))
	require.ErrorIs(t, verdict([]bar{held, missed}), errBar)
	require.ErrorIs(t, verdict([]bar{unseen}), errBar)

	var out strings.Builder
	printBars(&out, []bar{held, missed, unseen})
	require.Equal(t, `
- **PASS** holds (1 of 1)
- **FAIL** does not (1 of 2)
  - here: 1.50
- **FAIL** was looked at nowhere (0 of 0)

`, out.String())
}
