#!/bin/bash
# kernel.sh DIR: makes thin pools with the running kernel's device-mapper and
# leaves a gzip'ed copy of each one's metadata device in DIR. It needs root, dmsetup, fio
# and losetup, and is meant for a virtual machine. See README.md.
set -euo pipefail
export DM_DISABLE_UDEV=1
out=$1
work=$(mktemp -d)
pool=roktest-md-pool thin=roktest-md-thin

# start SIZE [FEATURES]: a pool with SIZE of metadata over a data device of
# 8192 chunks of 64 KiB that swallows all writes and keeps none.
start() {
	truncate -s "$1" "$work/meta"
	meta=$(losetup -f --show "$work/meta")
	dmsetup create roktest-md-data --table "0 $((8192 * 128)) zero"
	dmsetup create $pool --table \
		"0 $((8192 * 128)) thin-pool $meta /dev/mapper/roktest-md-data 128 0 ${2:-1 skip_block_zeroing}"
}
message() { dmsetup message $pool 0 "$*"; }
# volume ID: activates thin volume ID, 4096 chunks long. deactivate undoes it.
volume() { dmsetup create "$thin-$1" --table "0 $((4096 * 128)) thin /dev/mapper/$pool $1"; }
deactivate() { dmsetup remove "$thin-$1"; }
# snapshot ID ORIGIN: of an active volume.
snapshot() {
	dmsetup suspend "$thin-$2"
	message create_snap "$1" "$2"
	dmsetup resume "$thin-$2"
}
# write ID PATTERN FIRST COUNT [SEED]: one 4 KiB write into each of the chunks from FIRST
# on, in the order of PATTERN (write or randwrite).
write() {
	fio --name=w --filename="/dev/mapper/$thin-$1" --ioengine=psync --direct=1 --bs=4k \
		--rw="$2:$([ "$2" = write ] && echo 60k || echo 1)" --blockalign=64k \
		--offset=$(($3 * 65536)) --size=$(($4 * 65536)) --io_size=$(($4 * 4096)) \
		--randseed="${5:-1}" --norandommap=0 --output=/dev/null
}
discard() { blkdiscard -o $(($2 * 65536)) -l $(($3 * 65536)) "/dev/mapper/$thin-$1"; }
status() { dmsetup status $pool | tee "$out/$1.status"; }
# finish NAME: stores the metadata of the stopped pool.
finish() {
	dmsetup remove $pool
	dmsetup remove roktest-md-data
	blockdev --flushbufs "$meta"
	losetup -d "$meta"
	gzip -9n <"$work/meta" >"$out/$1.bin.gz"
	rm "$work/meta"
}

# A pool as the kernel formats it.
start 1M
status kernel-fresh
finish kernel-fresh

# Snapshots of snapshots, sharing at every level: volumes partly rewritten,
# discarded and deleted.
start 2M
message create_thin 0
volume 0
write 0 write 0 3000
snapshot 1 0
write 0 randwrite 0 100 7
snapshot 2 0
volume 2
write 2 write 500 64
snapshot 3 2
snapshot 4 2
snapshot 5 2
discard 2 1000 700
write 2 write 1200 10
message create_thin 9
volume 9
write 9 randwrite 0 300 3
message create_thin 10
message set_transaction_id 0 6
deactivate 9 && deactivate 2 && deactivate 0
message delete 1
status kernel-snapshots
finish kernel-snapshots

# A metadata snapshot is held while the pool moves on, and loses a volume.
start 2M
message create_thin 0
message create_thin 1
volume 0
volume 1
write 0 write 0 700
write 1 write 0 300
message reserve_metadata_snap
write 0 write 350 100
discard 0 0 50
snapshot 2 0
write 0 write 600 300
deactivate 1
message delete 1
deactivate 0
status kernel-held
finish kernel-held

# The metadata runs out: the pool goes read-only and asks for a check.
start 192K
message create_thin 0
volume 0
write 0 write 0 4096 || true
message create_thin 1 || true
volume 1 || true
write 1 write 0 4096 || true
status kernel-needs-check
if [ -e /dev/mapper/$thin-1 ]; then deactivate 1; fi
deactivate 0
finish kernel-needs-check

# The same over random writes, with a snapshot.
start 192K
message create_thin 0
volume 0
write 0 randwrite 0 1800
snapshot 1 0
volume 1
write 1 randwrite 0 4096 5
snapshot 2 1
volume 2
write 2 randwrite 0 4096 6 || true
status kernel-needs-check-snapshot
deactivate 2 && deactivate 1 && deactivate 0
finish kernel-needs-check-snapshot
rm -r "$work"
