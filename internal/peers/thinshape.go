package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
)

// thinShape is what a pool's metadata, made by thin_restore, hold.
type thinShape struct {
	name  string
	write func(w io.Writer, chunks int)
}

// thinShapes are those of the measurements of thin-provisioning-tools that the bars
// were set by. Their XML is always the same for as many mappings.
var thinShapes = []thinShape{{"A", writeShapeA}, {"B", writeShapeB}}

// writeShapeA: two devices of single mappings, nine tenths of them shared, in data
// blocks that come in no order.
func writeShapeA(w io.Writer, chunks int) {
	each := chunks / 2
	draw := rand.New(rand.NewPCG(1, 2))
	data := draw.Perm(each + each/10 + 1)
	own := data[each:]
	thinXML(w, chunks, 2, each, func(device int) {
		for i := range each {
			block := data[i]
			if device == 1 && i%10 == 0 {
				block = own[i/10]
			}
			fmt.Fprintf(w, "    <single_mapping origin_block=\"%d\" data_block=\"%d\" time=\"%d\"/>\n", i, block, device)
		}
	})
}

// shapeBRun is how long the runs of shape B are.
const shapeBRun = 16

// writeShapeB: a hundred devices of runs of 16, all for themselves, with a hole of
// one block behind each.
func writeShapeB(w io.Writer, chunks int) {
	const devices = 100
	runs := chunks / devices / shapeBRun
	draw := rand.New(rand.NewPCG(3, 4))
	at := draw.Perm(devices * runs)
	thinXML(w, chunks, devices, runs*shapeBRun, func(device int) {
		for i := range runs {
			fmt.Fprintf(w, "    <range_mapping origin_begin=\"%d\" data_begin=\"%d\" length=\"%d\" time=\"0\"/>\n",
				i*(shapeBRun+1), at[device*runs+i]*shapeBRun, shapeBRun)
		}
	})
}

// thinXML writes what thin_restore reads: a device for each number below devices, with
// the id that follows it. What they map, which is as much for each, comes from mappings.
func thinXML(w io.Writer, chunks, devices, each int, mappings func(device int)) {
	fmt.Fprintf(w, "<superblock uuid=\"\" time=\"2\" transaction=\"1\" flags=\"0\" version=\"2\" data_block_size=\"%d\" nr_data_blocks=\"%d\">\n",
		thinChunk.SectorsRoundUp(), 2*chunks)
	for device := range devices {
		fmt.Fprintf(w, "  <device dev_id=\"%d\" mapped_blocks=\"%d\" transaction=\"0\" creation_time=\"0\" snap_time=\"1\">\n", device+1, each)
		mappings(device)
		fmt.Fprint(w, "  </device>\n")
	}
	fmt.Fprint(w, "</superblock>\n")
}

// makeXML writes the shape into a file.
func (s thinShape) makeXML(path string, chunks int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(f)
	s.write(b, chunks) // b keeps the first error
	return errors.Join(b.Flush(), f.Close())
}
