// Package host is what lvm2 keeps on a machine beside the disks.
package host
