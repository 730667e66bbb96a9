// Package composertest plays random histories of maps in a store, any store, and compares what is there with what was
// acknowledged: volumes registered, changed, grown and shrunk, one by one and as groups, maps upgraded, restored,
// labelled, retained, removed, verified, damaged, and what no map needs collected; while processes are killed at any call
// of the store, others come in between or go on at the same time, and calls are lost, late, repeated and out of order.
//
// [TestModel] is all that there is to call.
package composertest
