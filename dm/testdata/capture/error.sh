form 'no arguments' '0 2048 error'
a=$(disk 4096)
newer 'device and offset' "0 2048 error $a 1024"
