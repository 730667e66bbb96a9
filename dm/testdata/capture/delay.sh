a=$(disk 4096) b=$(disk 4096) c=$(disk 4096)
form '3 arguments' "0 2048 delay $a 0 0"
form '3 arguments, an offset and a delay' "0 2048 delay $a 1024 500"
form '6 arguments' "0 2048 delay $a 0 0 $b 8 400"
form '9 arguments' "0 2048 delay $a 0 50 $b 8 100 $c 16 333"

# io starts an I/O that the device holds back until it is suspended.
io() {
	dd "$@" bs=4096 count=1 2>/dev/null &
	jobs+=($!)
}
note 'reads, a write and a flush that are held back'
create "0 2048 delay $a 0 4000 $a 0 4000 $b 0 4000"
jobs=()
io if=/dev/mapper/$dev of=/dev/null iflag=direct
io if=/dev/mapper/$dev of=/dev/null iflag=direct skip=1
io if=/dev/zero of=/dev/mapper/$dev oflag=direct
(sleep 0.5; blockdev --flushbufs /dev/mapper/$dev) &
jobs+=($!)
sleep 1
status
wait "${jobs[@]}"
status
remove
