#!/bin/bash
# run.sh [CASE…]: makes VGs with lvm2 and saves their texts below ../vg. Runs as
# root in a virtual machine; ../README.md has the command. A case is a function
# of the file cases.sh, which calls the functions below.
set -u
cd "$(dirname "$0")"
export DM_DISABLE_UDEV=1 LVM_SUPPRESS_FD_WARNINGS=1 TZ=UTC
work=$(mktemp -d)
export LVM_SYSTEM_DIR=$work/etc
mkdir -p "$LVM_SYSTEM_DIR"/{profile,devices} "$work/lock" /run/lvm
for module in dm-raid dm-mirror dm-cache dm-cache-smq dm-writecache dm-integrity dm-vdo dm-thin-pool dm-snapshot dm-zero raid1 raid456 raid10; do
	modprobe -q $module || true # not every kernel has every target
done

# configure SECTION…: the configuration of lvm2, with more sections.
configure() {
	cat >"$LVM_SYSTEM_DIR/lvm.conf" <<-E
	devices { filter=["a|^/dev/loop|","r|.*|"] obtain_device_list_from_udev=0 external_device_info_source="none" hints="none" scan_lvs=0 }
	global { locking_dir="$work/lock" use_lvmpolld=0 use_lvmlockd=0 }
	backup { backup=0 archive=0 backup_dir="$work/backup" archive_dir="$work/archive" }
	activation { udev_sync=0 udev_rules=0 monitoring=0 }
	E
	printf '%s\n' 'devices/use_devicesfile=0' "$@" >>"$LVM_SYSTEM_DIR/lvm.conf"
}

# disks N SIZE: N empty loop devices, whose paths are $d1, $d2, … and $disks.
disks() {
	local i file
	disks=
	for ((i = 1; i <= $1; i++)); do
		file=$work/disk$i
		truncate -s "$2" "$file"
		eval "d$i=\$(losetup -f --show \"$file\")"
		eval "disks=\"\$disks \$d$i\""
	done
	pvcreate -qq $disks
}

quiet() { "$@" >>"$work/log" 2>&1 || { echo "$case: $*: $?"; tail -n 5 "$work/log"; return 1; }; }
for command in pvcreate pvchange pvmove vgcreate vgchange vgextend vgreduce vgexport lvcreate lvchange lvconvert lvremove lvrename lvextend lvreduce vgcfgrestore vgck; do
	eval "$command() { quiet lvm $command -y \"\$@\"; }"
done

# save [NAME]: the text in the first metadata area of $d1, and a backup file.
save() {
	local name=${1:-$case} offset size
	sync
	read -r offset size < <(od -An -tu8 -j $((4096 + 40)) -N 16 $d1)
	dd if=$d1 bs=1 skip=$((4096 + offset)) count=$((size - 1)) of="$work/$name.disk" status=none
	quiet lvm vgcfgbackup -f "$work/$name.backup" vg
	cp "$work/$name.disk" "$work/$name.backup" ../vg/
	echo "$name: $(grep -o 'type = .*' "$work/$name.disk" | sort | uniq -c | tr -s ' \n' ' ')"
}

# save_before NAME: the text in front of the current one in the ring.
save_before() {
	local seqno at
	sync
	seqno=$(($(lvm vgs --noheadings -o seqno vg 2>/dev/null) - 1))
	at=$(head -c 1M $d1 | grep -abo 'vg {' | cut -d: -f1 | while read -r at; do
		head -c 1M $d1 | tail -c +$((at + 1)) | head -n 3 | grep -aqx "seqno = $seqno" && echo "$at"
	done | head -n 1)
	head -c 1M $d1 | tail -c +$((at + 1)) | tr '\0' '\n' | awk '{ print } /^creation_time.*#/ { print ""; exit }' >"../vg/$1.disk"
	echo "$1: $(grep -A3 '^message' "../vg/$1.disk" | tr '\n' ' ')"
}

# edit SED: changes the VG by changing a backup.
edit() {
	quiet lvm vgcfgbackup -f "$work/edit" vg
	vgchange -an vg
	sed -i "$1" "$work/edit"
	vgcfgrestore --force -f "$work/edit" vg
}

clear() {
	quiet lvm vgchange -an vg || true
	dmsetup remove_all -f >/dev/null 2>&1
	losetup -D
	rm -f "$work"/disk* "$LVM_SYSTEM_DIR"/devices/*
}

source ./cases.sh
[ $# -gt 0 ] || set -- $(sed -n 's/^\([a-z_0-9]*\)() {.*/\1/p' cases.sh)
for case; do
	: >"$work/log"
	configure
	$case
	(clear) >/dev/null
done
rm -rf "$work"
