// Package maps has the formats in which a snapshot of a volume is kept: as a
// list of the ids of its blocks, or as a tree of them.
//
// A volume is cut into blocks of one size. A block is named by the hash of its
// content, its [ID]; blocks and what else has an id live in a store, of which
// this package knows no more than [Store]. A map says which id is at which place:
//
//	v3       one object with all ids: magic, pages of ids, digest
//	v4 flat  a header that leads to a chain of pages, each an object of its own
//	v4 tree  a header that leads to a tree of nodes, each an object of its own
//
// A tree is keyed by position: the shape follows from the number of blocks and the
// degree alone, so that equal content has equal nodes, whatever the order of writes
// was. Maps that differ little share most of their nodes; [Update] costs and
// [Diff] reads what differs, times the height. Blocks of zeros, and trees of
// nothing else, have no id and take no space.
//
// [Build] reads a volume into a map, [Rebase] only those parts of it that changed,
// and [Writer] takes ids that somebody else computed. [Open] reads a map's object,
// [Map.Entries] its ids, [NewReader] the volume. [Upgrade] makes a v4 map of a v3
// one, or a tree of a flat one.
//
// There is one way to write each map, and whatever is not written so is refused
// with a [CorruptError]. Memory is bounded by a page or by one node for each level,
// whatever a map claims; time by the blocks that it claims to have, and each
// call over many ends with its context.
//
// The package is pure. docs/map-format.md has the bytes.
package maps
