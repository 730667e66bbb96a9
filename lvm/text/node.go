// Package text reads and prints lvm2's configuration text, in which VG metadata
// is kept.
package text

// Node is one entry: "key = value", or a section "key { … }".
type Node struct {
	Key string
	// Raw is the value as it stands in the text, for an assignment.
	Raw string
	// Section is set for a section, whose entries are Nodes.
	Section bool
	Nodes   []Node
}
