#!/bin/bash
# record.sh DIR: lets lvm2 make and activate volume groups of every kind of volume that
# rok activates, and writes what the kernel then has into DIR, a file for each group.
# See README.md. It runs in the machine, with Debian's udev, whose cookies it records.
set -euo pipefail
out=$1
export LVM_SYSTEM_DIR=$TMPDIR/lvm LVM_SUPPRESS_FD_WARNINGS=1
mkdir -p "$LVM_SYSTEM_DIR"
cat >"$LVM_SYSTEM_DIR/lvm.conf" <<'CONF'
devices { dir="/dev" scan=["/dev"] filter=["a|^/dev/loop|","r|.*|"] obtain_device_list_from_udev=0 use_devicesfile=0 }
activation { monitoring=0 verify_udev_operations=1 }
allocation { thin_pool_chunk_size=64 }
backup { backup=0 archive=0 }
global { thin_check_executable="" }
CONF
mkdir -p /run/udev/rules.d
ln -s /dev/null /run/udev/rules.d/69-lvm.rules # which activates by itself
/usr/lib/systemd/systemd-udevd --daemon
udevadm control --ping
lvm() { command lvm "$@" >>"$TMPDIR/log" 2>&1 || { tail "$TMPDIR/log" >&2; exit 1; }; }
disk() { truncate -s "$1" "$TMPDIR/$2.img" && losetup -f --show "$TMPDIR/$2.img"; }

# begin: a volume group on three disks.
begin() {
	A=$(disk 300M a) B=$(disk 300M b) C=$(disk 300M c)
	lvm pvcreate "$A" "$B" "$C"
	lvm vgcreate vg-a "$A" "$B" "$C"
}

# record NAME OPTIONS...: activates the group with OPTIONS, and writes NAME.
record() {
	local name=$1 minor monitor
	shift
	udevadm settle
	udevadm monitor --kernel --property >"$TMPDIR/events" &
	monitor=$!
	until grep -q KERNEL "$TMPDIR/events"; do sleep 0.1; done
	lvm vgchange -ay "$@" vg-a
	udevadm settle
	until ! dmsetup info -c --noheadings -o minor | while read -r minor; do
		grep -qx "DEVNAME=/dev/dm-$minor" "$TMPDIR/events" || echo "$minor"
	done | grep -q .; do sleep 0.1; done
	kill $monitor
	{
		echo "== options"
		echo "$*"
		echo "== pvs"
		command lvm pvs --noheadings -o pv_uuid,pv_name 2>/dev/null | while read -r uuid path; do
			[ ! -b "$path" ] || echo "$uuid $((0x$(stat -c %t "$path"))):$((0x$(stat -c %T "$path")))"
		done
		echo "== devices"
		dmsetup info -c --noheadings --separator ' ' -o major,minor,uuid,name | sort -k2n | while read -r major minor uuid dm; do
			flags=$(awk -v n="MINOR=$minor" '/^ACTION=/{c=""} /^DM_COOKIE=/{split($0,x,"=");c=x[2]} $0==n{mine=1} /^$/{if(mine&&c!="")last=c;mine=0} END{print last}' "$TMPDIR/events")
			echo "$dm $uuid $major:$minor $(cat "/sys/block/dm-$minor/ro") $(blockdev --getra "/dev/dm-$minor") $(printf '0x%02x' $((flags >> 16)))"
		done
		echo "== tables"
		dmsetup table
		echo "== links"
		find "/dev/vg-a" -type l -printf '%f\n' | sort
		echo "== text"
		command lvm vgcfgbackup -f "$TMPDIR/text" vg-a >>"$TMPDIR/log" 2>&1
		cat "$TMPDIR/text"
	} >"$out/$name"
}

finish() {
	lvm vgchange -an vg-a
	dmsetup ls | grep -q '^No devices' || dmsetup remove_all
	losetup -D
	rm -f "$TMPDIR"/*.img
}

begin
lvm lvcreate -y -L 20M -n lin vg-a "$A"
lvm lvextend -L +8M vg-a/lin "$B"
lvm lvextend -L +8M vg-a/lin "$A"
lvm lvcreate -y -i2 -I64 -L 16M -n str vg-a "$A" "$B"
lvm lvextend -L +8M vg-a/str "$B" "$C"
lvm lvcreate -y -i3 -I256 -L 24M -n str3 vg-a
lvm lvcreate -y -L 8M -r 512 -n ra-512 vg-a
lvm lvcreate -y -L 8M -r none -n ra-none vg-a
lvm lvcreate -y -L 8M -M y --minor 77 -n mi.nor vg-a
lvm lvcreate -y -L 8M -n ro vg-a
lvm lvchange -pr vg-a/ro
lvm lvcreate -y -L 8M -k y -n skip vg-a
lvm lvcreate -y -L 8M -n onb vg-a "$B"
lvm lvcreate -y -L 8M --type zero -n zero vg-a
lvm lvcreate -y -L 8M --type error -n error vg-a
lvm lvextend -L +8M vg-a/error
lvm vgchange -an vg-a
record basic -K
lvm vgchange -an vg-a
blockdev --setra 1024 "$B"
record readahead -K
lvm vgchange -an vg-a
record readonly -K --config 'activation/read_only_volume_list=["vg-a"]'
lvm vgchange -an vg-a
losetup -d "$B"
record partial -K --activationmode partial
finish

begin
lvm lvcreate -y -L 64M -T vg-a/pool
lvm lvcreate -y -V 40M -T vg-a/pool -n t-0
lvm lvcreate -y -V 2M -T vg-a/pool -n ro
lvm lvchange -pr vg-a/ro
lvm lvcreate -y -s vg-a/t-0 -n snap
lvm lvcreate -y -L 12M -n ext vg-a
lvm lvchange -an vg-a/ext
lvm lvchange -pr vg-a/ext
lvm lvcreate -y -s --thinpool vg-a/pool vg-a/ext -n eth
lvm lvcreate -y -L 32M -Zn --discards nopassdown --errorwhenfull y --poolmetadatasize 8M -T vg-a/pool2
lvm lvcreate -y -V 8M -T vg-a/pool -n te
lvm lvchange -an vg-a/te
lvm lvchange -pr vg-a/te
lvm lvcreate -y -s --thinpool vg-a/pool2 vg-a/te -n te2
lvm lvcreate -y -L 16M -c 192k --discards ignore -T vg-a/used
lvm lvcreate -y -V 8M -T vg-a/used -n gone
lvm lvremove -y vg-a/gone
lvm lvcreate -y -L 16M -T vg-a/new
lvm vgchange -an vg-a
record thin -K
lvm vgchange -an vg-a
record lowwater -K --config activation/thin_pool_autoextend_threshold=70
finish

begin
lvm lvcreate -y -L 20M -r 512 -n lin vg-a
lvm lvcreate -y -s -L 8M -n cs vg-a/lin
lvm lvcreate -y -s -L 8M -c 16k -pr -n cs-ro vg-a/lin
lvm lvcreate -y -L 12M -i2 -I64 -n ro vg-a
lvm lvcreate -y -s -L 8M -n of-ro vg-a/ro
lvm lvchange -pr vg-a/ro
lvm lvcreate -y --type snapshot -V 1G -L 8M -n sparse vg-a
lvm lvcreate -y -L 32M -T vg-a/pool
lvm lvcreate -y -V 12M -T vg-a/pool -n thin
lvm lvcreate -y -s -L 4M -n of-thin vg-a/thin
lvm vgchange -an vg-a
record snapshot -K
lvm vgchange -an vg-a
record readonly-snapshot -K --config 'activation/read_only_volume_list=["vg-a/lin"]'
finish
