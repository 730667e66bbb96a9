package dm

import "testing"

func TestZeroTable(t *testing.T) {
	testTables(t, []tableCase{
		{"zero value", Zero{}, ""},
		{"more in the line", Zero{Extra: " x"}, " x"},
	})
}
