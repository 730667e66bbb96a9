// Package s3 keeps a store's objects in a bucket of an S3 service, through minio-go.
//
// [New] asks the service what it must know, once, and gives a [Bucket], which is a
// [store.Bucket]. What a service is not sure to have is probed and not assumed:
//
//   - Versioning, see [Versioning]. Where a bucket keeps versions, a delete removes
//     all of them.
//   - Conditional writes, see [Bucket.Conditional]. A Put with a condition is
//     refused where the service would not look at it.
//
// # Requests
//
// minio-go does not repeat a request here; [Retry] is one repetition, and each is
// told to Config.Log. A request has a time that grows with its size, so that a connection on which
// nothing moves is noticed. A Put is one request, whatever its size, so that its condition
// is that of the whole; its body is read twice where it is sent twice, and is never in
// memory.
//
// A reply may be lost where the service has done what it was asked. A Put with a condition
// therefore carries a number of its own as the object's metadata (x-amz-meta-rok-put): where its repetition
// is refused, and the object that is there has that number, the Put was done.
//
// # Versions
//
// An object's version is its ETag, which differs where contents differ. Equal contents may have equal
// versions.
package s3
