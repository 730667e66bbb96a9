a=$(disk 4096) b=$(disk 4096) c=$(disk 4096) log=$(disk 64)
settled() { while [ "$(dmsetup status $dev | grep -c ' 4/4 ')" = 0 ]; do sleep 0.05; done; }

form 'a log in memory' "0 4096 mirror core 1 1024 2 $a 0 $b 0"
form 'in sync' "0 4096 mirror core 2 1024 nosync 2 $a 0 $b 0"
form 'not in sync' "0 4096 mirror core 2 1024 sync 2 $a 0 $b 0"
form 'three, with offsets' "0 2048 mirror core 2 1024 nosync 3 $a 0 $b 1024 $c 2048"
form 'handle_errors' "0 4096 mirror core 2 1024 nosync 2 $a 0 $b 0 1 handle_errors"
form 'keep_log' "0 4096 mirror core 2 1024 nosync 2 $a 0 $b 0 2 handle_errors keep_log"
form 'a log on disk' "0 4096 mirror disk 2 $log 1024 2 $a 0 $b 0"
form 'a log on disk, in sync' "0 4096 mirror disk 3 $log 1024 nosync 2 $a 0 $b 0 1 handle_errors"
form 'a log on disk, not in sync' "0 4096 mirror disk 3 $log 1024 sync 2 $a 0 $b 0"

note 'resynchronised'
create "0 4096 mirror core 2 1024 sync 2 $a 0 $b 0"
settled
status
remove

# bad WHAT TABLE BAD I/O: roktest-bad becomes BAD, then there is I/O.
write="dd if=/dev/zero of=/dev/mapper/$dev oflag=direct bs=4k count=1 status=none"
read="dd if=/dev/mapper/$dev of=/dev/null iflag=direct bs=4k count=1 status=none"
dmsetup create roktest-bad --table "0 4096 linear $b 0"
bad() {
	note "$1"
	create "$2"
	dmsetup load roktest-bad --table "$3"
	dmsetup suspend --noflush --nolockfs roktest-bad
	dmsetup resume roktest-bad
	$4 2>/dev/null &
	sleep 0.5
	table
	status
	# The mirror keeps a failed write until it has another table.
	dmsetup load $dev --table '0 4096 error'
	dmsetup suspend --noflush --nolockfs $dev
	dmsetup resume $dev
	wait
	remove
	dmsetup load roktest-bad --table "0 4096 linear $b 0"
	dmsetup resume roktest-bad
}
bad 'a write has failed' "0 4096 mirror core 2 1024 nosync 2 $a 0 /dev/mapper/roktest-bad 0 1 handle_errors" '0 4096 error' "$write"
bad 'a read has failed' "0 4096 mirror core 2 1024 nosync 2 /dev/mapper/roktest-bad 0 $a 0 1 handle_errors" \
	'0 4096 error' "$read"
bad 'the log has failed' "0 4096 mirror disk 3 /dev/mapper/roktest-bad 1024 nosync 2 $a 0 $c 0 1 handle_errors" '0 4096 error' "$write"

note 'resynchronising has failed'
dmsetup load roktest-bad --table '0 4096 error'
dmsetup resume roktest-bad
create "0 4096 mirror core 2 1024 sync 2 $a 0 /dev/mapper/roktest-bad 0 1 handle_errors"
sleep 0.5
status
remove
remove roktest-bad

note 'a log in user space, whose daemon gives no status'
python3 ./userspace-log.py &
daemon=$!
trap 'kill $daemon' EXIT
sleep 1
form 'for a cluster, on disk' "0 4096 mirror userspace 5 roktest-log 1 clustered-disk $log 1024 2 $a 0 $b 0 1 handle_errors"
form 'for a cluster, in memory' "0 4096 mirror userspace 5 roktest-log integrated_flush clustered-core 1024 nosync 2 $a 0 $b 0"
kill $daemon
trap - EXIT
