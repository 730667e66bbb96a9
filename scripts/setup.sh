#!/bin/bash
# setup.sh WHAT...: installs what a target needs, once, and says what it does. Where
# everything is there it does nothing and needs no network.
#   go     the modules of the project and of its tools
#   uml    user-mode Linux and the module tree of its kernel; on processors with AMX the
#          library without which it does not start there, and the compiler for it
#   qemu   QEMU, and Debian's kernels 6.1 and 6.12, unpacked into .cache, not installed
#   peers  the programs that tests compare rok with, and file systems to use its volumes
#   maps   the programs that registering is compared with
#   s3     the modules of the tests with S3 servers, and versitygw, built from its source
#   race   the C compiler that go's -race needs
set -euo pipefail
cd "$(dirname "$0")/.."
cache=.cache/vm
mkdir -p $cache

# On standard error: what make compare prints on standard output may be JSON.
say() { echo "setup: $*" >&2; }
die() { echo "setup: $*" >&2; exit 1; }

# amx: user-mode Linux needs uml-xstate.c here.
amx() { grep -qw amx_tile /proc/cpuinfo; }

packages() {
	case $1 in
	go | s3) ;;
	uml) echo user-mode-linux kmod $(amx && echo gcc) ;;
	qemu) echo qemu-system-x86 qemu-system-common kmod ;;
	peers) echo lvm2 thin-provisioning-tools fio dmsetup udev e2fsprogs xfsprogs ;;
	maps) echo restic borgbackup casync ;;
	race) echo gcc libc6-dev ;;
	*) die "unknown: $1" ;;
	esac
}

# apt_lists fetches apt's lists, once in a set-up.
apt_lists() {
	[ -n "${lists:-}" ] && return
	say "apt-get update"
	apt-get update -q >$cache/apt.log 2>&1 || { tail -5 $cache/apt.log >&2; die "apt-get update failed"; }
	lists=done
}

# install PACKAGE...: those that are not installed.
install() {
	local p missing=()
	[ $# = 0 ] && return
	command -v dpkg-query >/dev/null || die "needs Debian 12 or later, for: $*"
	for p in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
	done
	[ ${#missing[@]} = 0 ] && return
	[ "$(id -u)" = 0 ] || die "not installed: ${missing[*]}: run, as root, \"apt-get install ${missing[*]}\""
	apt_lists
	say "apt-get install ${missing[*]}"
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >$cache/apt.log 2>&1 ||
		{ tail -20 $cache/apt.log >&2; die "apt-get install failed; its output is in $cache/apt.log"; }
}

# A change of a go.sum is the only reason to fetch modules again.
prepare_go() {
	local dir stamp
	for dir in . internal/*/go.mod; do
		dir=${dir%/go.mod}
		[ -f $dir/go.sum ] || continue
		stamp=.cache/modules-$(cat $dir/go.mod $dir/go.sum | sha256sum | cut -c1-16)
		[ -f "$stamp" ] && continue
		say "go mod download ($dir)"
		(cd $dir && go mod download)
		touch "$stamp"
	done
}

# One package at a time: the linker alone wants some 500 MB.
prepare_s3() {
	local tool=$PWD/.cache/tools/versitygw stamp
	stamp=$tool.$(cat internal/s3test/go.mod internal/s3test/go.sum | sha256sum | cut -c1-16)
	[ -x "$tool" ] && [ -f "$stamp" ] && return
	say "building versitygw (once; some minutes)"
	rm -f "$tool".*
	(cd internal/s3test && CGO_ENABLED=0 go build -p 1 -trimpath -ldflags '-s -w' -o "$tool" github.com/versity/versitygw/cmd/versitygw)
	touch "$stamp"
}

# The package has modules and no modules.dep. Nothing is written to /usr.
prepare_uml() {
	local release tree f
	release=$(ls /usr/lib/uml/modules | tail -1)
	tree=$cache/uml/lib/modules/$release
	if [ ! -s "$tree/modules.dep" ]; then
		say "module tree of user-mode Linux $release"
		rm -rf $cache/uml && mkdir -p "$tree"
		ln -s "/usr/lib/uml/modules/$release/kernel" "$tree/kernel"
		for f in order builtin builtin.modinfo; do cp "/usr/lib/uml/modules/$release/modules.$f" "$tree/"; done
		/sbin/depmod -b $cache/uml "$release"
	fi
	if amx && [ ! $cache/uml/xstate.so -nt scripts/uml-xstate.c ]; then
		say "library for user-mode Linux on a processor with AMX"
		gcc -O2 -Wall -Wextra -Werror -shared -fPIC -nostdlib -o $cache/uml/xstate.so.new scripts/uml-xstate.c
		mv $cache/uml/xstate.so.new $cache/uml/xstate.so
	fi
}

# kernel NAME METAPACKAGE: versions move, so the metapackage says which it is today.
kernel() {
	local name=$1 meta=$2 package release dir
	compgen -G "$cache/$name/lib/modules/*/modules.dep" >/dev/null && return
	apt_lists
	package=$(apt-cache depends "$meta" | awk '/Depends:.*linux-image/ {print $2; exit}')
	[ -n "$package" ] || die "apt knows no kernel $name ($meta)"
	say "kernel $name: $package, unpacked into $cache/$name"
	dir=$(mktemp -d -p $cache)
	(cd "$dir" && apt-get download -q "$package" >/dev/null 2>&1) || { rm -rf "$dir"; die "apt-get download $package failed"; }
	dpkg -x "$dir"/*.deb "$dir/root"
	release=$(ls "$dir/root/lib/modules")
	/sbin/depmod -b "$dir/root" "$release"
	rm -rf "${cache:?}/$name"
	mv "$dir/root" "$cache/$name"
	rm -rf "$dir"
}

prepare_qemu() {
	kernel 6.1 linux-image-cloud-amd64
	kernel 6.12 linux-image-6.12-cloud-amd64
}

prepare_peers() { :; }
prepare_maps() { :; }
prepare_race() { :; }

need=()
for what in "$@"; do
	list=$(packages "$what")
	read -ra more <<<"$list"
	need+=("${more[@]}")
done
install "${need[@]}"
for what in "$@"; do "prepare_$what"; done
