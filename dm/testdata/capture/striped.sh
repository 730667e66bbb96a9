a=$(disk 4096) b=$(disk 4096) c=$(disk 4096)
form 'one stripe' "0 2048 striped 1 16 $a 0"
form 'two stripes' "0 2048 striped 2 128 $a 0 $b 1024"
form 'three stripes' "0 3072 striped 3 8 $a 8 $b 16 $c 1024"

note 'the second of two stripes fails'
dmsetup create roktest-bad --table '0 2048 error'
create "0 4096 striped 2 8 $a 0 /dev/mapper/roktest-bad 0"
dd if=/dev/mapper/$dev of=/dev/null bs=4096 count=8 iflag=direct 2>/dev/null || true
status
table
remove
remove roktest-bad
