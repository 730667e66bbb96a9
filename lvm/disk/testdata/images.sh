#!/bin/bash
# images.sh DIR: makes PVs with lvm2 and writes into DIR, for each of them, the start of the
# device (NAME.img.gz), and what pvck says of it: NAME.headers, NAME.search. ring.txt has the
# place of each text in a small ring. As root; uses one loop device at a time.
set -euo pipefail
out=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/etc"
export LVM_SYSTEM_DIR=$dir/etc LVM_SUPPRESS_FD_WARNINGS=1

L() { # an lvm command, quiet
	local command=$1
	shift
	lvm "$command" --driverloaded n "$@" >/dev/null 2>&1 || echo "refused: $command $*"
}

start() { # a device of $1 bytes
	truncate -s 0 "$dir/img"
	truncate -s "$1" "$dir/img"
	dev=$(losetup -f --show "$dir/img")
	cat >"$dir/etc/lvm.conf" <<CONF
devices { dir="/dev" scan=["/dev"] filter=["a|^$dev\$|","r|.*|"] global_filter=["a|^$dev\$|","r|.*|"] use_devicesfile=0
  obtain_device_list_from_udev=0 external_device_info_source="none" hints="none" }
backup { backup=0 archive=0 }
global { locking_dir="$dir" event_activation=0 }
log { syslog=0 }
CONF
}

keep() { # the first $2 bytes as $1, and what pvck says of areas $3 and the label in sector $4
	local clean='s/^ *//; /Activation disabled/d; /Reloading config/d'
	head -c "$2" "$dir/img" | gzip -9n >"$out/$1.img.gz"
	lvm pvck --driverloaded n --dump headers ${4:+--labelsector $4} "$dev" 2>&1 | sed "$clean" >"$out/$1.headers"
	: >"$out/$1.search"
	for area in ${3:-1}; do lvm pvck --driverloaded n --dump metadata_search --settings "mda_num=$area" ${4:+--labelsector $4} "$dev" 2>&1 | sed "$clean" >>"$out/$1.search"; done
	losetup -d "$dev"
}

M=$((1 << 20))
start $((100 * M))
L pvcreate "$dev" && keep orphan $M

start $((100 * M))
L pvcreate "$dev" && L vgcreate vg "$dev"
for i in 1 2 3; do L lvcreate -an -Zn -Wn -l1 -n lv$i vg; done
keep default $M

start $((100 * M))
L pvcreate "$dev" && L vgcreate vg "$dev" && L lvcreate -an -Zn -Wn -l1 -n lv1 vg && L lvremove vg/lv1 && L vgremove vg
keep left $M # the PV has left its VG

start $((4 * M))
L pvcreate --pvmetadatacopies 2 "$dev" && L vgcreate -s 512k vg "$dev" && L lvcreate -an -Zn -Wn -l1 -n lv1 vg
keep two-areas $((4 * M)) "1 2"

start $((4 * M))
L pvcreate --pvmetadatacopies 2 --metadataignore y "$dev"
keep ignored $((4 * M)) "1 2"

start $((100 * M))
L pvcreate --labelsector 3 --metadatasize 100k --dataalignment 64k --bootloaderareasize 1M "$dev" && L vgcreate vg "$dev"
keep boot $((2 * M)) 1 3

# Texts of many lengths around a ring of 32 KiB.
start $((100 * M))
L pvcreate --metadatasize 32k --dataalignment 4k "$dev" && L vgcreate vg "$dev"
RANDOM=1
: >"$out/ring.txt"
for i in $(seq 200); do
	tags=()
	for t in $(seq $((RANDOM % 100))); do tags+=(--addtag "$(printf "%0$((RANDOM % 128 + 1))d" $t)"); done
	for t in $(lvm vgs --driverloaded n --noheadings -o tags vg 2>/dev/null | tr , ' '); do tags+=(--deltag "$t"); done
	[ ${#tags[@]} = 0 ] || L vgchange "${tags[@]}" vg
	echo $(od -An -t u8 -j 4136 -N 16 "$dir/img") >>"$out/ring.txt"
done
keep wrapped 65536
