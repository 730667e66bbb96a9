// Package conf reads daemons.conf, rok's configuration of a machine, and changes
// it without touching what it does not change.
//
//	# of all pools that rok watches
//	[pool.data/tank]
//	data_high = 80%
//	data_step = 10GiB
//
// A [File] is the text: what it prints is what was read, byte for byte, but for
// the values that were set or unset. A [Section] is a view of one heading's keys.
// A [Reader] reads typed values from it, and in the end names all that is wrong
// with the section: values that are none, and keys that nobody asked for.
//
// # The format
//
// A line is blank, a comment that begins with # or ;, a heading in brackets, or
// "key = value". Blanks around names and values do not count. A value ends with
// its line: a # in it is a part of it, and there are no quotes. Names of keys are
// lower-case letters, digits and underscores; hyphens may stand for underscores, so
// that no-versioning and no_versioning are one key. Each is in its section once, and
// each section in the file once.
//
// The package has no effects: it gets bytes and returns bytes.
package conf
