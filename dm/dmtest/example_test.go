package dmtest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"syscall"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/ioctl"
)

func ExampleKernel() {
	k := dmtest.NewKernel(dmtest.Config{})
	disk := dm.BlockDev{Dev: k.AddDisk("/dev/vdb", 1<<21)}
	conn, err := dm.NewConn(k, &dm.Config{Udev: dm.UdevOff, NoNodes: true})
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ctx := context.Background()
	req := dm.CreateRequest{Name: "lv", Table: dm.Table{{Length: 2048, Target: dm.Linear{Dev: disk}}}}

	// The third request of a creation is the resume.
	k.Fail(ioctl.DevSuspend, 1, syscall.ENOMEM)
	_, err = conn.Create(ctx, req)
	fmt.Println(err, k.Devices())

	dev, err := conn.Create(ctx, req)
	if err != nil {
		log.Fatal(err)
	}
	release, err := k.Hold("lv")
	if err != nil {
		log.Fatal(err)
	}
	err = dev.Remove(ctx, dm.RemoveOptions{})
	fmt.Println(err, errors.Is(err, syscall.EBUSY))
	release()
	fmt.Println(dev.Remove(ctx, dm.RemoveOptions{}), k.Devices())
	// Output:
	// dm: resume "lv": cannot allocate memory []
	// dm: remove "lv": in use: open count 1; a mount or a program holds it true
	// <nil> []
}
