// Package model plays histories of writers, readers and collectors on a store, at the same time, with calls that are lost, late and
// done twice, and processes that end in the middle; and knows what each map must be at any moment.
//
// A history is what a seed makes of it, down to the order of calls, whatever bucket is below: an actor waits at each
// call until all others wait too, and is picked by a generator of random numbers. So nothing is ever under way in the bucket
// itself but what one actor asked of it, and a history that failed on one store can be played on another.
package model
