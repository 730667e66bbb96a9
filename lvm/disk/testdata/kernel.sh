#!/bin/bash
# kernel.sh DIR: makes in DIR what needs a kernel to be made: members of md arrays of each
# version of the metadata, and a dm-integrity device. bin/vmrun -w DIR bash lvm/disk/testdata/kernel.sh DIR
set -euo pipefail
modprobe -a loop raid1 dm-integrity
for version in 0.90 1.0 1.1 1.2; do
	img=$1/md-$version.img
	truncate -s 16777216 "$img"
	loop=$(losetup -f --show "$img")
	mdadm --create /dev/md/roktest --run --force --level=1 --raid-devices=2 --metadata=$version "$loop" missing
	mdadm --stop /dev/md/roktest
	sync
	losetup -d "$loop"
done
truncate -s 33554432 "$1/integrity.img"
loop=$(losetup -f --show "$1/integrity.img")
integritysetup -q format --no-wipe "$loop"
sync
losetup -d "$loop"
