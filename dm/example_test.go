package dm_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
)

// openFake opens a connection to a kernel in memory with one disk, 8:0.
func openFake() *dm.Conn {
	k := dmtest.NewKernel(dmtest.Config{})
	k.AddDisk("/dev/sda", 1<<21)
	conn, err := dm.NewConn(k, &dm.Config{Udev: dm.UdevOff, NoNodes: true})
	if err != nil {
		log.Fatal(err)
	}
	return conn
}

func ExampleConn_Create() {
	conn := openFake() // dm.Open(nil)
	defer conn.Close()
	ctx := context.Background()
	disk := dm.BlockDev{Dev: dm.Dev{Major: 8}}
	dev, err := conn.Create(ctx, dm.CreateRequest{
		Name: "data",
		Table: dm.Table{
			{Start: 0, Length: 1024, Target: dm.Linear{Dev: disk, Offset: 4096}},
			{Start: 1024, Length: 1024, Target: dm.Linear{Dev: disk, Offset: 16384}},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	table, err := dev.Table(dm.TableQuery{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(table)
	fmt.Println(dev.Remove(ctx, dm.RemoveOptions{}))
	// Output:
	// 0 1024 linear 8:0 4096
	// 1024 1024 linear 8:0 16384
	// <nil>
}

func ExampleDevice_Swap() {
	conn := openFake()
	defer conn.Close()
	ctx := context.Background()
	dev, err := conn.Create(ctx, dm.CreateRequest{Name: "data", Table: dm.Table{{Length: 1024, Target: dm.Zero{}}}})
	if err != nil {
		log.Fatal(err)
	}
	// Grow the device while it is in use.
	bigger := dm.Table{{Length: 2048, Target: dm.Zero{}}}
	if err := dev.Swap(ctx, bigger, dm.TableOptions{}, dm.SuspendOptions{}); err != nil {
		log.Fatal(err)
	}
	// A table that the kernel refuses leaves the device as it was.
	bad := dm.Table{{Length: 2048, Target: dm.Linear{Dev: dm.BlockDev{Dev: dm.Dev{Major: 9}}}}}
	err = dev.Swap(ctx, bad, dm.TableOptions{}, dm.SuspendOptions{})
	fmt.Println(err)
	fmt.Println(errors.Is(err, fs.ErrNotExist))
	// Output:
	// dm: load table "data": segment 1: no such device or address
	// true
}

func ExampleDevice_ReadStatus() {
	conn := openFake()
	defer conn.Close()
	dev, err := conn.Create(context.Background(), dm.CreateRequest{
		Name: "fast",
		Table: dm.Table{{Length: 1024, Target: dm.Striped{ChunkSize: 8, Stripes: []dm.Area{
			{Dev: dm.BlockDev{Dev: dm.Dev{Major: 8}}}, {Dev: dm.BlockDev{Dev: dm.Dev{Major: 8}}, Offset: 4096},
		}}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	var lines dm.Lines // reused for the next reading
	if err := dev.ReadStatus(&lines, dm.StatusOptions{NoFlush: true}); err != nil {
		log.Fatal(err)
	}
	for lines.Next() {
		fmt.Printf("%s: %s\n", lines.Type(), lines.Params())
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// striped: 2 8:0 8:0 1 AA
}

func ExampleConn_Events() {
	conn := openFake()
	defer conn.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w, err := conn.Watch()
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	if _, err := conn.Create(ctx, dm.CreateRequest{Name: "new"}); err != nil {
		log.Fatal(err)
	}
	events, err := w.Next(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range events {
		fmt.Println(e.Kind, e.Name)
	}
	// Output:
	// created new
}
