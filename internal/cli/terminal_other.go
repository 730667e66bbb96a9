//go:build !linux

package cli

import "io"

// TerminalWidth returns zero: w is not known to be a terminal.
func TerminalWidth(io.Writer) int { return 0 }
