package text

import "strings"

// OnDisk is the depth that says: as in a metadata area, without indentation and
// comments.
const OnDisk = -1

// AppendNodes appends the entries as lvm2 prints such: indented by tabs, depth of
// them, with their comments; or as in a metadata area, if depth is [OnDisk].
func AppendNodes(b []byte, nodes []Node, depth int) []byte {
	for i := range nodes {
		b = nodes[i].Append(b, depth)
	}
	return b
}

// Append appends the entry and the empty lines in front of it, as [AppendNodes]
// does.
func (n *Node) Append(b []byte, depth int) []byte {
	for range n.Blank {
		b = append(b, '\n')
	}
	if n.Tight && depth == OnDisk {
		b = append(b, '\t')
	} else {
		b = appendTabs(b, depth)
	}
	b = append(b, n.Key...)
	if n.Section {
		b = append(b, " {\n"...)
		below := depth
		if depth != OnDisk {
			below++
		}
		b = AppendNodes(b, n.Nodes, below)
		b = appendTabs(b, depth)
		return append(b, "}\n"...)
	}
	if n.Tight {
		b = append(b, '=')
	} else {
		b = append(b, " = "...)
	}
	b = appendRaw(b, n.Raw, depth)
	if n.Comment != "" && depth != OnDisk {
		b = AppendComment(b, n.Comment, depth)
	}
	return append(b, '\n')
}

func appendTabs(b []byte, depth int) []byte {
	for range depth {
		b = append(b, '\t')
	}
	return b
}

// appendRaw appends a value with the lines of an array indented anew: the
// elements one deeper than the entry, the end as deep.
func appendRaw(b []byte, raw string, depth int) []byte {
	for {
		line := lineEnd(raw)
		b = append(b, raw[:line]...)
		if line == len(raw) {
			return b
		}
		b = append(b, '\n')
		raw = strings.TrimLeft(raw[line+1:], " \t")
		below := depth
		if depth != OnDisk && !strings.HasPrefix(raw, "]") {
			below++
		}
		b = appendTabs(b, below)
	}
}

// lineEnd returns the end of the first line of a value. A line end in a string
// ends no line.
func lineEnd(raw string) int {
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '\n':
			return i
		case '"', '\'':
			if end, ok := quoted(raw, i); ok {
				i = end - 1
			}
		case '#':
			n := strings.IndexByte(raw[i:], '\n')
			if n < 0 {
				return len(raw)
			}
			return i + n
		}
	}
	return len(raw)
}

// commentColumn is where lvm2 puts comments, in tabs, if the line is shorter.
const commentColumn = 5

// AppendComment appends a comment to a line that is indented by depth, at the
// column where lvm2 prints it: _out_with_comment_file, lib/format_text/export.c.
func AppendComment(b []byte, comment string, depth int) []byte {
	line := len(b)
	for line > 0 && b[line-1] != '\n' {
		line--
	}
	column := depth + (len(b)-line-depth)/8
	for {
		b = append(b, '\t')
		if column++; column >= commentColumn {
			break
		}
	}
	b = append(b, "# "...)
	return append(b, comment...)
}
