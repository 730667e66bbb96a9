// Package composer makes maps of volumes, and volumes of maps again.
//
// [Register] reads sources and publishes each as a map in a store: what is a hole is not
// read, what is zeros takes no space, what the store has is not put again, and where a base and the ranges that
// changed since are known, nothing else is read. Several sources are one group, published
// when all are complete. [Present] writes a map's volume into a target or compares it;
// [Upgrade] and [Restore] change the format of maps and back; [Verify] looks whether all is
// there; [Collect] frees what no map needs. [List], [Label], [Remove] and [Retain] are for
// the maps themselves.
//
// A [Source] is whatever can be read at any place: a file, a block device, or a value of the
// caller's. A [Target] likewise. What is done is planned first, as a value; memory is bounded
// by the number of workers times the size of a block, whatever the size of a volume. A call that ends early,
// by an error, its context or a kill, leaves nothing half done that can be seen: maps
// change in one step. The same call again goes on.
package composer
