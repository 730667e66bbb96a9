a=$(disk 4096) b=$(disk 4096) c=$(disk 4096)
form 'one path' "0 2048 switch 1 128 0 $a 0"
form 'three paths' "0 2048 switch 3 64 0 $a 0 $b 1024 $c 8"
