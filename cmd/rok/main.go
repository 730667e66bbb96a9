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
