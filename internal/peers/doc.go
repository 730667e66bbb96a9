// Command peers measures rok beside the programs and the patterns that its
// users have today, and says for each bar whether it holds.
//
// Against device-mapper ("-part dm", in the virtual machine where the host has
// no device-mapper) four ways of doing the same operation take turns: package
// dm; the same ioctl issued bare from a buffer that is ready; open, ioctl and
// close for each call with two allocations per segment, which is how
// anatol/devmapper.go does it; and dmsetup as a process.
//
// Against fio ("-part fio") package bench and fio run the same job as child
// processes in alternating pairs, their processor time taken from outside.
//
// Against lvm2 ("-part lvm") commands of rok and of lvm2 do the same to volume
// groups of up to 10,000 volumes, on a loop device of this machine, beside two
// programs that do nothing, which show what the start of a process costs.
//
// And with device-mapper ("-part activation", in the virtual machine where the
// host has none) volumes of such a group are made active and inactive, by those
// commands, by package lvm within a process, and by the requests to the kernel
// that this takes at least.
//
// Against thin-provisioning-tools ("-part thin") commands of rok and of theirs
// read, check, compare and write metadata of thin pools with 1,000,000 mappings,
// of thin_restore's making and, where a volume and its snapshot share what did
// not change, of a kernel's.
//
// Against restic, borg and casync ("-part maps") a volume of 2 GiB is kept whole, and again
// behind a change of a hundredth of it, beside a bare loop that reads, hashes, compresses and
// writes just that; and it is counted what a tree of a map of 4 TiB costs.
//
// The report goes to standard output as Markdown, progress to standard error.
// The exit status is 1 when a bar does not hold, 2 for a wrong command line.
// With -quick each measurement is made once or twice: that tells whether the
// program works. Its times mean nothing, and no bar that depends on them counts.
package main
