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

	require.NoError(t, verdict([]bar{held}, false))
	require.ErrorIs(t, verdict([]bar{held, missed}, false), errBar)
	require.ErrorIs(t, verdict([]bar{unseen}, false), errBar)

	late := bar{text: "took too long", timed: true}
	late.check(false, "2 s")
	require.ErrorIs(t, verdict([]bar{late}, false), errBar)
	require.NoError(t, verdict([]bar{late}, true), "of a quick run")
	require.ErrorIs(t, verdict([]bar{missed}, true), errBar)

	var out strings.Builder
	printBars(&out, []bar{held, missed, unseen}, false)
	require.Equal(t, `
- **PASS** holds (1 of 1)
- **FAIL** does not (1 of 2)
  - here: 1.50
- **FAIL** was looked at nowhere (0 of 0)

`, out.String())
	out.Reset()
	printBars(&out, []bar{late}, true)
	require.Equal(t, "\n- **NOT JUDGED** took too long (0 of 1)\n  - 2 s\n\n", out.String())
}
