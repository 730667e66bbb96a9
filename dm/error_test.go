package dm

import "testing"

func TestErrorTable(t *testing.T) {
	testTables(t, []tableCase{
		{"zero value", ErrorTarget{}, ""},
		{"a device", ErrorTarget{Dev: num(1), Offset: 8}, "7:1 8"},
		{"a device and more", ErrorTarget{Dev: num(1), Extra: " 3"}, "7:1 0 3"},
		{"words not understood", ErrorTarget{Extra: "7:1 x"}, "7:1 x"},
	})
}
