// Package testenv is what every test of a real kernel stands on: it decides
// whether a test may run here, makes names and disks that are marked as the
// tests' own, and finds what was left behind.
//
//	func TestMain(m *testing.M) { testenv.Main(m) }
//
//	func TestKernelPool(t *testing.T) {
//		testenv.Kernel(t, "thin-pool", "thin 1.15", "program thin_check")
//		disk := testenv.LoopDisk(t, 64*units.MiB)
//		name := testenv.Name(t)
//		…
//	}
//
// A kernel test runs inside cmd/vmrun's machine (VMRUN=1), or on the host's own
// kernel when that was asked for (ROK_TEST_NATIVE=1, root). Elsewhere it skips.
// Where it runs, a feature that is missing is a failure: a skip must prove that
// the kernel cannot have the feature, by its version or by the list in
// lacking.go.
package testenv
