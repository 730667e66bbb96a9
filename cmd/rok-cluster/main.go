// Command rok-cluster has the commands that need a network: maps and stores, the
// cluster's configuration and members, and the S3 daemon. It answers to their names:
// called as rok-config, it is "rok-cluster config".
package main

import (
	"context"
	"os"
)

func main() {
	limitMemory()
	os.Exit(run(context.Background(), os.Args, system()))
}
