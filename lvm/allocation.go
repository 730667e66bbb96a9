package lvm

// Allocation is how extents are chosen: alloc_policy_t of lvm2.
type Allocation string

// The policies. Each one allows what those in front of it allow.
const (
	AllocInherit    Allocation = "" // the VG's; for a VG: normal
	AllocContiguous Allocation = "contiguous"
	AllocCling      Allocation = "cling"
	AllocClingByTag Allocation = "cling_by_tags"
	AllocNormal     Allocation = "normal"
	AllocAnywhere   Allocation = "anywhere"
)
