# Of snapshot, snapshot-origin and snapshot-merge: they work together only.
origin=$(disk 8192)

# fresh SECTORS: an empty device for exceptions.
fresh() { cow=$(disk "$1"); }

form 'snapshot-origin' "0 8192 snapshot-origin $origin"
for kind in P PO N; do
	fresh 1024
	form "store $kind" "0 8192 snapshot $origin $cow $kind 8"
done
fresh 1024
newer 'discard_zeroes_cow' "0 8192 snapshot $origin $cow P 16 1 discard_zeroes_cow"
fresh 1024
newer 'both features' "0 8192 snapshot $origin $cow PO 16 2 discard_zeroes_cow discard_passdown_origin"

# overflow KIND: fills a snapshot until it is lost.
overflow() {
	note "written: $1"
	fresh 128
	create "0 8192 snapshot $origin $cow $1 8"
	dd if=/dev/zero of=/dev/mapper/$dev oflag=direct bs=4k count=3 status=none
	status
	note "full: $1"
	dd if=/dev/zero of=/dev/mapper/$dev oflag=direct bs=4k count=40 status=none 2>/dev/null || true
	table
	status
	remove
}
overflow P
overflow PO
overflow N

# written CHUNKS: a snapshot with that many separate chunks of its own.
written() {
	fresh 4096
	create "0 8192 snapshot $origin $cow P 8"
	for ((i = 0; i < $1; i++)); do
		dd if=/dev/urandom of=/dev/mapper/$dev oflag=direct bs=4k count=1 seek=$((i * 3)) status=none
	done
	remove
}

note 'snapshot-merge, at its start, while it runs and at its end'
written 24
dmsetup create roktest-slow --table "0 8192 delay $origin 0 100"
dmsetup create $dev --table "0 8192 snapshot-merge /dev/mapper/roktest-slow $cow P 8"
table
status
sleep 1
status
while ! dmsetup status $dev | grep -q ' 16/4096 16$'; do sleep 0.05; done
status
remove

note 'snapshot-merge that cannot write to the origin'
written 4
dmsetup load roktest-slow --table '0 8192 error'
dmsetup resume roktest-slow
create "0 8192 snapshot-merge /dev/mapper/roktest-slow $cow P 8"
while ! dmsetup status $dev | grep -q failed; do sleep 0.05; done
table
status
remove
remove roktest-slow
