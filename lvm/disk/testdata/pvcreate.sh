#!/bin/bash
# pvcreate.sh: prints what lvm2's pvcreate writes into the header of a PV, one line for
# each device size (bytes) and set of options. As root; uses one loop device at a time.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/etc"
export LVM_SYSTEM_DIR=$dir/etc LVM_SUPPRESS_FD_WARNINGS=1

header() { # the fields of the header of $1, as the Go test prints them
	python3 - "$1" <<'PYTHON'
import struct, sys
d = open(sys.argv[1], 'rb').read(2048)
def areas(at):
    found = []
    while True:
        area = struct.unpack_from('<QQ', d, at)
        at += 16
        if not area[0]: return at, ' '.join('%d+%d' % a for a in found)
        found.append(area)
for s in range(4):
    if d[s*512:s*512+8] != b'LABELONE': continue
    at = s*512 + 32
    size, = struct.unpack_from('<Q', d, at+32)
    at, data = areas(at+40)
    at, metadata = areas(at)
    version, flags = struct.unpack_from('<II', d, at)
    at, boot = areas(at+8)
    print('sector %d size %d data [%s] metadata [%s] boot [%s] version %d flags %d' % (s, size, data, metadata, boot, version, flags))
PYTHON
}

try() {
	local size=$1 dev out
	shift
	truncate -s 0 "$dir/img"
	truncate -s "$size" "$dir/img"
	dev=$(losetup -f --show "$dir/img")
	cat >"$dir/etc/lvm.conf" <<CONF
devices { dir="/dev" scan=["/dev"] filter=["a|^$dev\$|","r|.*|"] global_filter=["a|^$dev\$|","r|.*|"] use_devicesfile=0
  obtain_device_list_from_udev=0 external_device_info_source="none" hints="none" }
backup { backup=0 archive=0 }
global { locking_dir="$dir" event_activation=0 }
log { syslog=0 }
CONF
	if out=$(lvm pvcreate --driverloaded n -y "$@" "$dev" 2>&1); then
		out=$(header "$dir/img")
	else
		out="refused: $(grep -v -e Activation -e Overriding <<<"$out" | head -1 | sed "s|^ *||; s|$dev|DEV|g")"
	fi
	losetup -d "$dev"
	echo "$size${*:+ $*}: $out"
}

M=$((1 << 20)) # 1 MiB
S=$((100 * M))
for size in 524288 $M 2096640 $((2 * M)) 2097664 $((3 * M)) 3584000 $S 104857088 100000256 $((1024 * M)); do try $size; done
for metadata in 4k 32k 33k 100k 1M 1025k 2M 5M 99M 99.5M 100M 200M; do
	try $S --metadatasize $metadata
	try $S --metadatasize $metadata --dataalignment 4k
	try $S --metadatasize $metadata --dataalignment 3M
	try $S --metadatasize $metadata --dataalignmentoffset 64k
	try $S --metadatasize $metadata --pvmetadatacopies 2
	try $S --metadatasize $metadata --pvmetadatacopies 2 --dataalignment 64k
	try 100000256 --metadatasize $metadata --pvmetadatacopies 2
done
for size in $((2 * M)) 2097664 2101248 2101760 2129920 2150400 $((3 * M)) $((4 * M)); do
	for metadata in 100k 1M 2M 3M; do
		try $size --metadatasize $metadata
		try $size --metadatasize $metadata --dataalignmentoffset 4k
		try $size --metadatasize $metadata --pvmetadatacopies 2
		try $size --metadatasize $metadata --pvmetadatacopies 2 --dataalignment 64k
	done
done
for size in $((2 * M)) $((3 * M)) $S 104333312; do for copies in 0 1 2; do try $size --pvmetadatacopies $copies; done; done
for alignment in 2k 3k 4k 6k 100k 256k 3M 4M 99M 100M 101M; do
	for copies in 0 1 2; do try $S --dataalignment $alignment --pvmetadatacopies $copies; done
	try $S --dataalignment $alignment --metadatasize 3000k --pvmetadatacopies 2
done
for offset in 1k 4k 7s 64k 256k 1M 2M; do
	for copies in 0 1 2; do
		try $S --dataalignmentoffset $offset --pvmetadatacopies $copies
		try $S --dataalignmentoffset $offset --pvmetadatacopies $copies --dataalignment 256k
	done
	try $S --dataalignmentoffset $offset --metadatasize 1080k
	try $S --dataalignmentoffset $offset --metadatasize 2044k
done
for boot in 512b 100k 1M 1500k 10M 98M 99M 100M 200M; do
	for copies in 0 1 2; do
		try $S --bootloaderareasize $boot --pvmetadatacopies $copies
		try $S --bootloaderareasize $boot --pvmetadatacopies $copies --dataalignment 64k
		try $S --bootloaderareasize $boot --pvmetadatacopies $copies --dataalignment 256k --dataalignmentoffset 64k
	done
	for metadata in 3000k 97M 98M 99M 101M; do try $S --bootloaderareasize $boot --metadatasize $metadata; done
	try $S --bootloaderareasize $boot --metadatasize 97M --dataalignmentoffset 64k
done
for size in 1M 2M 2100k 10M 100001k; do
	try $((101 * M)) --setphysicalvolumesize $size
	try $((101 * M)) --setphysicalvolumesize $size --pvmetadatacopies 2
done
for sector in 0 2 3; do try $S --labelsector $sector; done
