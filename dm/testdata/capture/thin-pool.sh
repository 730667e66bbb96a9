# The thin volumes of a pool are captured by thin.sh.
pool=roktest-pool thin=roktest-thin

# pool FEATURES [META-SECTORS DATA-SECTORS]: a fresh pool of blocks of 64 KiB.
pool() {
	meta=$(disk "${2:-8192}") data=$(disk "${3:-4096}")
	size=${3:-4096}
	dmsetup create $pool --table "0 $size thin-pool $meta $data 128 4 $1"
}
volume() {
	dmsetup message $pool 0 "create_thin $1"
	dmsetup create "$thin-$1" --table "0 ${2:-65536} thin /dev/mapper/$pool $1"
}
fill() { dd if=/dev/zero of="/dev/mapper/$thin-0" oflag=direct bs=64k count="$1" status=none; }
end() {
	for volume in $(dmsetup ls | awk '/^roktest-thin/ { print $1 }'); do remove "$volume"; done
	remove $pool
}
both() { table $pool; status $pool; }

note 'no features given'
pool ''
both
end
for features in 0 '1 skip_block_zeroing' '1 ignore_discard' '1 no_discard_passdown' '1 error_if_no_space' \
	'4 error_if_no_space no_discard_passdown ignore_discard skip_block_zeroing'; do
	note "features $features"
	pool "$features"
	both
	end
done

note 'a transaction id, blocks in use, a metadata snapshot held and released'
pool 0
volume 0
dmsetup message $pool 0 'set_transaction_id 0 42'
fill 5
dmsetup message $pool 0 reserve_metadata_snap
both
dmsetup message $pool 0 release_metadata_snap
status $pool
end

note 'read_only, on metadata that were written before'
pool 0
volume 0
fill 3
end
dmsetup create $pool --table "0 4096 thin-pool $meta $data 128 4 1 read_only"
both
end

note 'suspended'
pool 0
dmsetup suspend $pool
both
dmsetup resume $pool
end

note 'out of data space, queueing; then the same pool after no_space_timeout'
old=$(cat /sys/module/dm_thin_pool/parameters/no_space_timeout)
echo 3 >/sys/module/dm_thin_pool/parameters/no_space_timeout
pool '1 skip_block_zeroing'
volume 0
fill 33 2>/dev/null &
while ! dmsetup status $pool | grep -q out_of_data_space; do sleep 0.1; done
both
while ! dmsetup status $pool | grep -q error_if_no_space; do sleep 0.1; done
both
wait
end
echo "$old" >/sys/module/dm_thin_pool/parameters/no_space_timeout

note 'out of data space, failing at once'
pool '2 skip_block_zeroing error_if_no_space'
volume 0
fill 33 2>/dev/null || true
both
end

note 'out of metadata space: read-only, needs a check'
pool '1 skip_block_zeroing' 384 1048576
volume 0 1048576
fill 8192 2>/dev/null || true
both
end

note 'no metadata device any more: failed'
meta=$(disk 8192) data=$(disk 4096)
dmsetup create roktest-meta --table "0 8192 linear $meta 0"
dmsetup create $pool --table "0 4096 thin-pool /dev/mapper/roktest-meta $data 128 4"
volume 0
dmsetup suspend --noflush --nolockfs roktest-meta
dmsetup load roktest-meta --table '0 8192 error'
dmsetup resume roktest-meta
fill 1 2>/dev/null || true
dmsetup status $pool >/dev/null
while ! dmsetup status $pool | grep -q Fail; do
	dmsetup suspend $pool
	dmsetup resume $pool || true
done
both
end
remove roktest-meta
