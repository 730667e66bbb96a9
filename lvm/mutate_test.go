package lvm_test

import (
	"strconv"
	"strings"
)

// mutate changes a text by its structure: each three bytes of ops are one
// change, of a place that they choose. What comes out mostly still parses, so
// that the checks behind the grammar are reached.
func mutate(src string, ops []byte) string {
	lines := strings.Split(src, "\n")
	for ; len(ops) >= 3 && len(lines) > 1; ops = ops[3:] {
		at := (int(ops[1])<<8 | int(ops[2])) % len(lines)
		arg := int(ops[0]) >> 4
		line := lines[at]
		switch ops[0] & 15 {
		case 0: // an integer
			lines[at] = withNumber(line, numbers[arg%len(numbers)])
		case 1: // a count that is off by one
			lines[at] = offByOne(line, arg)
		case 2: // a key
			if _, value, found := strings.Cut(line, " = "); found {
				lines[at] = keys[(arg*7+at)%len(keys)] + " = " + value
			}
		case 3: // a line less
			lines = append(lines[:at:at], lines[at+1:]...)
		case 4: // a line twice
			lines = append(lines[:at+1:at+1], lines[at:]...)
		case 5: // another's value
			from := lines[(at+arg*13+1)%len(lines)]
			if key, _, found := strings.Cut(line, " = "); found {
				if _, value, found := strings.Cut(from, " = "); found {
					lines[at] = key + " = " + value
				}
			}
		case 6: // a section around it, arg+1 deep
			lines[at] = strings.Repeat("x {\n", arg+1) + line + strings.Repeat("\n}", arg+1)
		case 7: // deep
			lines[at] = strings.Repeat("x {", 20*arg) + line + strings.Repeat("}", 20*arg)
		case 8: // an entry that is not known
			lines[at] = line + "\n" + entries[arg%len(entries)]
		case 9: // another word
			lines[at] = withWord(line, words[arg%len(words)])
		case 10: // a block elsewhere
			if end := blockEnd(lines, at); end > at {
				block := lines[at : end+1]
				lines = append(append(lines[:end+1:end+1], block...), lines[end+1:]...)
			}
		case 11: // a block less
			if end := blockEnd(lines, at); end > at {
				lines = append(lines[:at:at], lines[end+1:]...)
			}
		case 12: // two lines change places
			other := (at + arg + 1) % len(lines)
			lines[at], lines[other] = lines[other], lines[at]
		case 13: // a type
			if strings.HasPrefix(strings.TrimSpace(line), "type = ") {
				lines[at] = "type = \"" + types[arg%len(types)] + "\""
			}
		case 14: // the name of a section
			if strings.HasSuffix(line, " {") {
				lines[at] = keys[(arg*5+at)%len(keys)] + " {"
			}
		case 15: // a byte
			if line != "" {
				b := []byte(line)
				b[arg%len(b)] = "\"'[]{}=#, \\\t\x00/@5"[int(ops[2])%16]
				lines[at] = string(b)
			}
		}
	}
	return strings.Join(lines, "\n")
}

var (
	numbers = []string{"0", "1", "-1", "2147483647", "2147483648", "4294967295", "4294967296", "9223372036854775807",
		"9223372036854775808", "-9223372036854775808", "010", "1.5", "\"1\"", "[]", "[1]", "16777216"}
	keys = []string{"id", "seqno", "status", "flags", "tags", "extent_size", "max_lv", "physical_volumes", "logical_volumes",
		"historical_logical_volumes", "pv0", "pv1", "device", "dev_size", "pe_start", "pe_count", "ba_start", "segment_count",
		"segment1", "segment2", "start_extent", "extent_count", "type", "stripes", "stripe_count", "stripe_size", "message1",
		"create", "delete", "thin_pool", "pool", "metadata", "origin", "cow_store", "merging_store", "mirrors", "raids", "minor",
		"read_ahead", "creation_time", "creation_host", "contents", "version", "a/b", "\"a b\"", "reshape_count"}
	entries = []string{"zz = 1", "zz = [ \"pv0\", 0, \"x\", 1 ]", "zz {\n}", "zz {\nid = 1\n}\n", "# c", "", "zz = x # c", "segment9 {\n}"}
	words   = []string{"", "pv0", "pv1", "pool", "MISSING", "VISIBLE", "FIXED_MINOR", "EXPORTED", "LATER", "x\\\"y", "-t0", "lin"}
	types   = []string{"striped", "linear", "thin", "thin-pool", "snapshot", "zero", "error", "mirror", "raid1", "cache", "later",
		"striped+LATER", "thin-pool+CROP_METADATA", "", "vdo-pool", "raid5+RESHAPE"}
)

func withNumber(line, n string) string {
	i := strings.IndexAny(line, "0123456789")
	if i < 0 || strings.HasPrefix(line, "id = ") {
		return line
	}
	end := i
	for end < len(line) && '0' <= line[end] && line[end] <= '9' {
		end++
	}
	return line[:i] + n + line[end:]
}

func offByOne(line string, arg int) string {
	i := strings.LastIndexByte(line, ' ')
	n, err := strconv.Atoi(strings.TrimSuffix(line[i+1:], ","))
	if err != nil {
		return line
	}
	return line[:i+1] + strconv.Itoa(n+arg%3-1) + strings.Repeat(",", strings.Count(line[i+1:], ","))
}

func withWord(line, word string) string {
	i := strings.IndexByte(line, '"')
	if i < 0 {
		return line
	}
	end := strings.IndexByte(line[i+1:], '"')
	if end < 0 {
		return line
	}
	return line[:i+1] + word + line[i+1+end:]
}

// blockEnd is the line that ends the section whose head is at the line, or -1.
func blockEnd(lines []string, at int) int {
	if !strings.HasSuffix(lines[at], "{") {
		return -1
	}
	depth := 0
	for i := at; i < len(lines); i++ {
		if strings.HasSuffix(lines[i], "{") {
			depth++
		}
		if strings.TrimSpace(lines[i]) == "}" {
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}
