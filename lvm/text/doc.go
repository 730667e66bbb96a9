// Package text reads and prints the configuration text of lvm2, in which the
// metadata of volume groups and lvm.conf are kept: sections, assignments, and
// comments.
//
//	vg {
//		id = "…"	# a comment
//		status = ["READ", "WRITE"]
//
//		physical_volumes {
//		}
//	}
//
// A [Reader] walks over a text without copying it; [Parse] makes a tree of
// [Node] values. The grammar is that of libdm/libdm-config.c as lvm2 2.03.16
// behaves. Texts are bounded: [MaxDepth] sections in one another, and [Node]
// values in proportion to the length, so that memory is a small multiple of it.
package text
