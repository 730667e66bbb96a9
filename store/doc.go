// Package store keeps blocks, nodes and maps: in a directory, in an S3 bucket, or
// behind a daemon's socket.
//
// It has two layers. A [Bucket] is a flat space of objects by key, and all that
// differs between those places. A [Store] gives the keys their meaning: it packs
// what it puts and unpacks and verifies what it gets, keeps maps by name, and lets
// writers and a collector of what no map needs work at the same time.
//
// # Keys
//
//	store.json                 the settings, written once
//	blk/HH/NAME                a block; HH are the first two hex digits of NAME
//	node/HH/NAME               a node of a tree, or a page of a flat map
//	map/NAME                   a map's own bytes, the only objects that change in use
//	lease/UUID                 a session: a writer, and the epoch that it began in
//	lock/…                     short exclusive rights: the collector's, one for each map's name
//	gc/epoch                   the collector's state
//	gc/condemned/EPOCH/KIND-HH keys that the collector will delete, in order
//	probe/UUID                 whether the bucket keeps conditions; gone at once
//	bad/KIND/NAME              an object that verification found damaged
//
// NAME of a block or node is its id in hex; in an encrypted store it is the
// HMAC-SHA-256 of kind and id under the store's key, so that nobody else can tell what
// is kept. Behind it "~EPOCH" stands where a writer put anew what was condemned: the
// condemned key and the new one are never the same, so that the collector cannot delete
// what the writer counts on.
//
// # Sessions and the collector
//
// A [Session] puts blocks, does not put those that are there already, and publishes
// maps. While it lasts, nothing that it counts on is deleted:
//
//   - It has a lease that says in which epoch it began, and renews it. Having made the
//     lease it reads the epoch again, and begins anew where that has changed.
//   - A map that it builds on it opens with [Session.Base], since an update takes over
//     subtrees that it never puts.
//   - What is condemned in its epoch it takes for absent, and puts under a new key.
//   - It publishes only while its lease is its own, and looks again behind that.
//
// The collector takes a lock, finds what no map needs, writes it as the next epoch's
// condemned list, and sets the epoch. Then it waits for the sessions of former epochs:
// each ends, or its lease runs out and is taken from it. What maps need by then, it
// takes off the list; and deletes the rest. It deletes no key that is not on the list, so
// what came later is not looked at. A new run begins where a killed one left.
//
// All this rests on puts under a condition. A bucket that does not keep conditions is read, and never changed: [UnconditionalError].
//
// It is assumed that the clocks of all who use a store differ by no more than [Timing] says, that no
// request to a bucket arrives later than its Delay after it was sent, and that none has a copy on its way
// that was answered.
package store
