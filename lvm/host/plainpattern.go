package host

import "strings"

// plainPattern is a pattern that is a piece of a path, with or without the ends:
// "^/dev/sda$", "/dev/mapper/", "^/dev/sd.*", ".*". Most are.
type plainPattern struct {
	text       string
	start, end bool // of the path is the text's too
}

// parsePlain returns nil for an expression that is none.
func parsePlain(src string) *plainPattern {
	var p plainPattern
	p.text, p.start = strings.CutPrefix(src, "^")
	p.text, p.end = strings.CutSuffix(p.text, "$")
	// Anything in front or behind is no bound.
	if rest, any := strings.CutSuffix(p.text, ".*"); any {
		p.text, p.end = rest, false
	}
	if rest, any := strings.CutPrefix(p.text, ".*"); any {
		p.text, p.start = rest, false
	}
	if src == "" || src == "^" || src == "$" || src == "^$" {
		return nil
	}
	for _, c := range []byte(p.text) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && strings.IndexByte("/_-:,=@", c) < 0 {
			return nil
		}
	}
	return &p
}

func (p *plainPattern) matches(path string) bool {
	switch {
	case p.start && p.end:
		return path == p.text
	case p.start:
		return strings.HasPrefix(path, p.text)
	case p.end:
		return strings.HasSuffix(path, p.text)
	}
	return strings.Contains(path, p.text)
}

// exact reports whether there is one path that matches.
func (p *plainPattern) exact() bool { return p.start && p.end }
