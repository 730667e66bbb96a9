#!/bin/bash
# run.sh [TARGET…]: captures the table and status lines of device-mapper
# targets from the running kernel. Runs as root in a virtual machine, whose
# kernel has modules of the file "modules"; ../README.md has the command. For
# each TARGET (default: every script here) it runs TARGET.sh, which calls the
# functions below, and writes ../targets/TARGET.txt, or TARGET-VERSION.txt
# where the kernel is not 6.1.
set -eu
cd "$(dirname "$0")"
export DM_DISABLE_UDEV=1
work=$(mktemp -d)
dev=roktest-capture
suffix=-$(uname -r | cut -d. -f1,2)
[ "$suffix" != -6.1 ] || suffix=
for module in $(cat modules); do
	modprobe -q "$module" || true # not every kernel has every target
done

# disk SECTORS: makes an empty loop device and prints its path.
disk() {
	local file
	file=$(mktemp "$work/disk.XXXXXX")
	truncate -s "$(($1 * 512))" "$file"
	losetup -f --show "$file"
}

# num PATH: the device's number, as tables print it.
num() { echo "$((0x$(stat -L -c %t "$1"))):$((0x$(stat -L -c %T "$1")))"; }

# note TEXT: a comment in the output.
note() { echo "# $*" >&3; }

# table [NAME] and status [NAME [OPTION…]]: add the lines that dmsetup prints,
# byte for byte, each behind the word that says what it is.
table() { dmsetup table --showkeys "${1:-$dev}" | sed 's/^/table /' >&3; }
status() { dmsetup status "${@:-$dev}" | sed 's/^/status /' >&3; }

# create TABLE [OPTION…]: makes the device of that one-line table.
create() {
	local text=$1
	shift
	dmsetup create "$dev" "$@" --table "$text"
}
remove() { dmsetup remove --retry "${1:-$dev}"; }

# form WHAT TABLE [OPTION…]: one option form: makes the device, adds its table
# and status lines and removes it.
form() {
	local what=$1
	shift
	note "$what"
	create "$@"
	table
	status
	remove
}

# newer: as form, and if the kernel refuses the table only a note of it.
newer() {
	if create "${@:2}" 2>/dev/null; then
		note "$1"
		table
		status
		remove
	else
		note "$1: refused by this kernel"
	fi
}

capture() {
	local name=$1
	exec 3>"$work/$name.txt"
	note "kernel $(uname -r), dmsetup $(dmsetup version | sed -n 's/^Library version: *\([^ ]*\).*/\1/p'), capture/$name.sh"
	source "./$name.sh"
	exec 3>&-
	losetup -D
	cp "$work/$name.txt" "../targets/$name$suffix.txt"
	echo "$name: $(grep -vc '^#' "$work/$name.txt") lines"
}

failed=0
[ $# -gt 0 ] || set -- $(ls ./*.sh | sed 's|^\./||; s|\.sh$||' | grep -vx run)
for name; do
	set +e # in a condition, -e would not hold inside
	(set -e; capture "$name")
	status=$?
	set -e
	[ $status -eq 0 ] && continue
	echo "$name: failed after: $(tail -n 1 "$work/$name.txt")" >&2
	failed=1
	dmsetup ls | awk '/^roktest-/ { print $1 }' | tac | xargs -r -n1 dmsetup remove --force || true
	losetup -D
done
rm -rf "$work"
exit $failed
