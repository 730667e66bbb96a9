a=$(disk 4096)
form 'first sector' "0 1024 linear $a 0"
form 'an offset' "0 2048 linear $a 1024"

note 'two segments'
dmsetup create $dev <<TABLE
0 1024 linear $a 2048
1024 1024 linear $a 0
TABLE
table
status
remove
