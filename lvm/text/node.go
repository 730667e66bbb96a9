package text

import "strings"

// Node is one entry: "key = value", or a section "key { … }".
type Node struct {
	Key string // as it stands in the text, with its quotation marks
	// Raw is the value as it stands in the text, for an assignment.
	Raw     string
	Comment string // on its line, behind the value, without the mark

	Nodes   []Node // the entries of a section
	Section bool
	// Tight is set for an assignment without blanks around its '='. lvm2 prints
	// sections of settings so, and indents them on disk too.
	Tight bool
	Blank int32 // empty lines in front of it
}

// How many nodes are made of a text: some, and one for each so many bytes. An
// assignment of lvm2's has about that many, and most of a VG's text makes none.
const (
	fewNodes     = 4096
	bytesPerNode = 16
)

// Parse reads a whole text into its entries. The error is an [*Error].
func Parse(src string) ([]Node, error) {
	r := NewReader(src)
	nodes := r.nodesOf()
	return nodes, r.Err()
}

// Node reads the entry that the reader is at, whole.
func (r *Reader) Node() Node {
	n := Node{Key: r.src[r.entry:r.keyEnd], Section: r.section, Blank: r.blankLines()}
	if r.nodes--; r.nodes < 0 {
		r.fail(r.entry, "no more entries in a text of this length")
		return n
	}
	if n.Section {
		n.Nodes = r.nodesOf()
	} else {
		n.Tight = r.value > 0 && r.src[r.value-1] == '='
		n.Raw = r.Raw()
		n.Comment = r.Comment()
	}
	return n
}

// nodesOf reads the entries of the section that the reader is in.
func (r *Reader) nodesOf() []Node {
	var nodes []Node
	for r.Next() {
		nodes = append(nodes, r.Node())
	}
	return nodes
}

// blankLines counts the empty lines in front of the entry. Unless it is the
// first one of the text, the first line end is that of the line before.
func (r *Reader) blankLines() int32 {
	n := int32(-1)
	if r.gap == 0 {
		n = 0
	}
	for lead := r.Lead(); lead != ""; {
		line, rest, found := strings.Cut(lead, "\n")
		if !found {
			break
		}
		if n < 0 || strings.TrimSpace(line) == "" {
			n++
		}
		lead = rest
	}
	return max(n, 0)
}

// Name is the key without quotation marks.
func (n *Node) Name() string {
	if n.Key != "" && (n.Key[0] == '"' || n.Key[0] == '\'') {
		return unquote(n.Key)
	}
	return n.Key
}

// Values returns the elements of an assignment's value.
func (n *Node) Values() ([]Value, error) {
	r := Reader{src: n.Raw, pending: true}
	values := r.Values()
	return values, r.Err()
}

// Text returns the value of an assignment that is one string, and whether it is.
func (n *Node) Text() (string, bool) {
	values, err := n.Values()
	if err != nil || len(values) != 1 || values[0].Kind != String {
		return "", false
	}
	return values[0].Text, true
}

// Find returns the first entry of that path, its sections divided by '/', or
// nil. A key in the text may be such a path itself.
func Find(nodes []Node, path string) *Node {
	path = strings.Trim(path, "/")
	for i := range nodes {
		n := &nodes[i]
		key := strings.Trim(n.Name(), "/")
		if key == path {
			return n
		}
		if rest, found := strings.CutPrefix(path, key+"/"); found && n.Section {
			if below := Find(n.Nodes, rest); below != nil {
				return below
			}
		}
	}
	return nil
}
