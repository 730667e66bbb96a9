// Command vmrun runs a program, or a Go test binary as "go test -exec vmrun",
// on a real Linux kernel with device-mapper in a virtual machine.
package main

import (
	"os"

	"github.com/rok-storage/rok/internal/vm"
)

func main() {
	vm.Enter()
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}
