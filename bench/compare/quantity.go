package compare

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rok-storage/rok/units"
)

// measured tells whether v is a positive number that can be shown.
func measured(v float64) bool { return v > 0 && !math.IsInf(v, 1) }

// unmeasured stands in reports for a value that is not there.
const unmeasured = "-"

// formatIOPS prints a rate with thousands apart, and with a decimal where it
// is so low that one matters: "125,232", "46.2".
func formatIOPS(v float64) string {
	switch {
	case !measured(v):
		return unmeasured
	case v < 99.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	digits := strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	first := (len(digits)-1)%3 + 1
	b := []byte(digits[:first])
	for ; first < len(digits); first += 3 {
		b = append(b, ',')
		b = append(b, digits[first:first+3]...)
	}
	return string(b)
}

// formatSpread prints the wider side of the interval around v as a share of
// it: "±1.2%".
func formatSpread(v float64, interval [2]float64) string {
	share := 100 * max(v-interval[0], interval[1]-v) / v
	switch {
	case !measured(v) || !measured(interval[1]) || math.IsNaN(share):
		return unmeasured
	case share >= 9.95:
		return fmt.Sprintf("±%.0f%%", share)
	}
	return fmt.Sprintf("±%.1f%%", share)
}

// formatRatio prints about three digits: "1.05", "12.3", "140".
func formatRatio(v float64) string {
	switch {
	case !measured(v):
		return unmeasured
	case v >= 99.95:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// formatInterval prints the ends of a ratio's interval: "[1.04, 1.06]".
func formatInterval(i [2]float64) string {
	if !measured(i[0]) || !measured(i[1]) {
		return unmeasured
	}
	return "[" + formatRatio(i[0]) + ", " + formatRatio(i[1]) + "]"
}

// formatLatency prints ns with three digits and the unit that suits it:
// "870ns", "38.2µs", "1.24ms", "20.1s".
func formatLatency(ns uint64) string {
	if ns == 0 {
		return unmeasured
	}
	v, unit := float64(ns), "ns"
	for _, larger := range []string{"µs", "ms", "s"} {
		if v < 999.5 {
			break
		}
		v, unit = v/1000, larger
	}
	digits := 2
	switch {
	case v >= 99.95 || unit == "ns":
		digits = 0
	case v >= 9.995:
		digits = 1
	}
	return strconv.FormatFloat(v, 'f', digits, 64) + unit
}

// formatSeconds prints how long a call was held: "60.1s", "12.0ms".
func formatSeconds(s float64) string {
	if !measured(s) {
		return "0s"
	}
	return formatLatency(uint64(max(1, math.Round(s*float64(time.Second)))))
}

func formatLost(b units.Bytes) string {
	if b == 0 {
		return "none"
	}
	return b.String()
}

// plural is "1 CPU" or "2 CPUs".
func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}

// enumerate joins items as a sentence does: "a, b and c".
func enumerate(items []string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + " and " + items[last]
}

// printable returns s with everything escaped that would act on a terminal or
// turn the direction of text. Paths and kernel lines are foreign strings.
func printable(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch _, size := utf8.DecodeRuneInString(s[i:]); {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return b.String()
}
