a=$(disk 8192)
form 'first of two' "0 1024 unstriped 2 128 0 $a 0"
form 'second of three, from an offset' "0 1024 unstriped 3 8 1 $a 64"
form 'one stripe' "0 1024 unstriped 1 256 0 $a 0"
