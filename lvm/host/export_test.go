package host

import (
	"strconv"
	"strings"
)

// NextDevices is the text that is written of a devices file.
func NextDevices(f *DevicesFile, writer string) string { return f.next(writer) }

// DevicesHash is the HASH of a devices file.
func DevicesHash(text string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	return strconv.FormatUint(uint64(devicesHash(lines)), 10)
}

// ParseLocks finds the flocks on a file in the kernel's table.
var ParseLocks = parseLocks

// TranslateRegex says lvm2's regular expression as package regexp's.
var TranslateRegex = translateRegex

// CleanSystemID drops what lvm2 drops of a system id.
var CleanSystemID = cleanSystemID

// CompactPVID is a UUID of lvm2's reports as it is in files.
func CompactPVID(uuid string) string { return strings.ReplaceAll(uuid, "-", "") }

// PlainMatches matches an expression that needs no package regexp.
func PlainMatches(expression, path string) (matches, plain bool) {
	p := parsePlain(expression)
	return p != nil && p.matches(path), p != nil
}
