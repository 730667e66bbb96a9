// Package interop is the proof that rok and lvm2 share volume groups. It holds
// tests alone: lvm2's commands and rok take turns on the same disks, doing random
// operations, and after each of them both must see the same, and must have done
// the same. See testdata/README.md for the form of an operation.
package interop
