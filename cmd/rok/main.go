// What rok mostly does takes less time than to read which share of the processors
// its control group has, as Go does at the start.
//
//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0

// Command rok makes, shows and compares local block volumes. "rok help" lists
// what it does.
package main

import (
	"context"
	"os"
)

func main() {
	growStack(false)
	os.Exit(run(context.Background(), os.Args[1:], system()))
}
