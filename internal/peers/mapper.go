package main

import "github.com/rok-storage/rok/dm"

// mapper is one way of talking to device-mapper. Each method prepares an
// operation, which can then be carried out again and again.
type mapper interface {
	name() string
	version() operation
	// list lists all devices, of which there are at least so many.
	list(devices int) operation
	info(device string) operation
	status(device string) operation
	// load puts a table in the device's inactive slot.
	load(device string, t dm.Table) operation
	// cycle makes a device with an active table, and removes it.
	cycle(device string, t dm.Table) operation
	close() error
}

// fails is the operation that could not be prepared.
func fails(err error) operation { return func() error { return err } }
