source=$(disk 8192)

# clone ARGS: a fresh clone in regions of 4 KiB.
clone() {
	meta=$(disk 8192) dest=$(disk 8192)
	form "arguments ${1:-not given}" "0 8192 clone $meta $dest $source 8 $1"
}
clone ''
clone 0
clone '1 no_hydration'
clone '1 no_discard_passdown'
clone '2 no_hydration no_discard_passdown'
clone '2 no_discard_passdown no_hydration'
clone '0 0'
clone '0 2 hydration_threshold 4'
clone '1 no_hydration 4 hydration_batch_size 8 hydration_threshold 4'

note 'nothing copied, then some by writing, then all'
meta=$(disk 8192) dest=$(disk 8192)
create "0 8192 clone $meta $dest $source 8 1 no_hydration"
status
dd if=/dev/zero of=/dev/mapper/$dev oflag=direct bs=4k count=10 status=none
status
dmsetup message $dev 0 enable_hydration
while ! dmsetup status $dev | grep -q ' 1024/1024 '; do sleep 0.05; done
status
remove

# fail WHAT TABLE: the metadata device becomes that.
meta=$(disk 8192) dest=$(disk 8192)
dmsetup create roktest-meta --table "0 8192 linear $meta 0"
create "0 8192 clone /dev/mapper/roktest-meta $dest $source 8 1 no_hydration"
fail() {
	note "$1"
	dmsetup suspend --noflush --nolockfs roktest-meta
	dmsetup load roktest-meta --table "$2"
	dmsetup resume roktest-meta
	dd if=/dev/zero of=/dev/mapper/$dev oflag=direct,sync bs=4k count=2 seek="$3" status=none 2>/dev/null || true
	table
	status
}
fail 'the metadata cannot be written: read-only' "0 8192 flakey $meta 0 0 60 1 error_writes" 0
remove
dmsetup load roktest-meta --table "0 8192 linear $meta 0"
dmsetup resume roktest-meta
create "0 8192 clone /dev/mapper/roktest-meta $dest $source 8 1 no_hydration"
fail 'the metadata cannot be read either' '0 8192 error' 10
remove
remove roktest-meta
