#!/bin/bash
# signatures.sh OUT [IMAGES]: makes file systems, partition tables and so on with the tools that
# are in PATH, and writes what of each image signs it into OUT/signatures (NAME.sectors.gz, see
# cut.py), and what blkid calls it into OUT/signatures.txt. IMAGES is a folder with more images,
# NAME.img, of kernel.sh.
set -euo pipefail
out=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
img=$dir/img
mkdir -p "$out/signatures"
: >"$out/signatures.txt"

keep() { # the image as $1
	local type
	type=$(blkid -p -o value -s TYPE "${2:-$img}" || true)
	[ -n "$type" ] || type=$(blkid -p -o value -s PTTYPE "${2:-$img}" || true)
	case $1 in luks*) head=4096 ;; *) head=73728 ;; esac # behind it, they have key material
	python3 "$here/cut.py" "${2:-$img}" "$out/signatures/$1.sectors.gz" $head
	echo "$1 $type" | tee -a "$out/signatures.txt"
}

try() { # NAME SIZE COMMAND…: where the tool is there, an image of SIZE, IMG in COMMAND
	local name=$1 size=$2
	shift 2
	type -p "$1" >/dev/null || { echo "no $1 for $name" >&2; return 0; }
	rm -f "$img"
	truncate -s "$size" "$img"
	"${@//IMG/$img}" </dev/null >"$dir/log" 2>&1 || { cat "$dir/log" >&2; return 0; }
	keep "$name"
}

label() { # sfdisk wants its table on standard input
	printf 'label: %s\n%s' "$1" "$3" | sfdisk -q "$2"
}

luks() { printf pass | cryptsetup luksFormat -q --type "$1" --pbkdf pbkdf2 --pbkdf-force-iterations 1000 "$2" -; }
# Without the magic that blkid looks for first, the copy of the header is left.
halfluks() { luks luks2 "$1" && dd if=/dev/zero of="$1" bs=4096 count=1 conv=notrunc status=none; }
drbd() { yes | drbdmeta --force 0 "$1" "$2" internal create-md ${3:-} || true; } # yes is told that nobody reads
verity() { truncate -s 1M "$dir/data" && veritysetup format "$dir/data" "$1"; }
lvm2() {
	local loop
	loop=$(losetup -f --show "$1")
	mkdir -p "$dir/etc"
	LVM_SYSTEM_DIR=$dir/etc lvm pvcreate --driverloaded n --config \
		"devices { filter=[\"a|^$loop\$|\",\"r|.*|\"] use_devicesfile=0 hints=\"none\" } global { locking_dir=\"$dir\" }" "$loop"
	losetup -d "$loop"
}
iso() { mkdir -p "$dir/tree" && echo hello >"$dir/tree/file" && genisoimage -quiet -o "$1" "$dir/tree"; }
squash() { mkdir -p "$dir/tree" && echo hello >"$dir/tree/file" && mksquashfs "$dir/tree" "$1" -noappend -quiet; }
erofs() { mkdir -p "$dir/tree" && echo hello >"$dir/tree/file" && mkfs.erofs "$1" "$dir/tree"; }
cramfs() { mkdir -p "$dir/tree" && echo hello >"$dir/tree/file" && mkfs.cramfs "$dir/tree" "$1"; }

try gpt 64M label gpt IMG ',,L'
try gpt-empty 64M label gpt IMG ''
try dos 64M label dos IMG ',,8e'
try dos-empty 64M label dos IMG ''
try sun 64M label sun IMG ',,L'
try sgi 64M label sgi IMG ',,L'
try ext2 16M mke2fs -q -t ext2 IMG
try ext3 16M mke2fs -q -t ext3 IMG
try ext4 16M mke2fs -q -t ext4 IMG
try jbd 16M mke2fs -q -O journal_dev IMG
try xfs 300M mkfs.xfs -q IMG
try btrfs 128M mkfs.btrfs -q IMG
try f2fs 64M mkfs.f2fs -q IMG
try erofs 1M erofs IMG
try squashfs 1M squash IMG
try jfs 32M mkfs.jfs -q IMG
try reiserfs 64M mkreiserfs -q -f IMG
try nilfs2 256M mkfs.nilfs2 -q IMG
try gfs2 64M mkfs.gfs2 -q -O -p lock_nolock IMG
try ocfs2 64M mkfs.ocfs2 -q -F --fs-features=local IMG
try fat12 1M mkfs.vfat -F 12 IMG
try fat16 32M mkfs.vfat -F 16 IMG
try fat32 64M mkfs.vfat -F 32 IMG
try ntfs 32M mkntfs -q -F -Q -s 512 -p 0 -H 1 -S 1 IMG
try exfat 32M mkfs.exfat IMG
try iso9660 1M iso IMG
try udf 32M mkudffs IMG
try minix1 1M mkfs.minix IMG
try minix2 1M mkfs.minix -2 IMG
try minix3 1M mkfs.minix -3 IMG
try cramfs 1M cramfs IMG
try bfs 1M mkfs.bfs IMG
try swap 16M mkswap IMG
try swap-64k 16M mkswap -p 65536 IMG
try luks1 32M luks luks1 IMG
try luks2 32M luks luks2 IMG
try luks2-copy 32M halfluks IMG
try verity 32M verity IMG
try drbd8 64M drbd v08 IMG
try drbd9 64M drbd v09 IMG 1
try lvm2 16M lvm2 IMG
try bcache 64M make-bcache -B IMG
for image in "${2:-/nowhere}"/*.img; do
	[ ! -f "$image" ] || keep "$(basename "$image" .img)" "$image"
done
