// Package daemon serves a bucket to other processes on a unix socket, so that only the
// daemon holds the keys of what is behind it.
//
// [Dial] gives a [Client], which is a [store.Bucket] like the one that [Serve] serves: with its conditions,
// and with errors that match what they match there. docs/s3d-protocol.md has the bytes.
//
// What is put between is a bucket over a bucket, as the daemon wants it: [Journal] accepts blocks and nodes
// on the local disk and brings them up later, [Cache] keeps what was read.
package daemon
