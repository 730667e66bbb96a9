package main

import "github.com/rok-storage/rok/maps"

// mapView is what is told of a map wherever one is.
type mapView struct {
	Name           string `json:"name"`
	Version        int    `json:"version"`
	Degree         int    `json:"degree"`
	Hash           string `json:"hash"`
	BlockSizeBytes uint64 `json:"block_size_bytes"`
	SizeBytes      uint64 `json:"size_bytes"`
	BlockCount     uint64 `json:"block_count"`
	DataCount      uint64 `json:"data_block_count"`
	Root           string `json:"root"`
}

func viewMap(name string, h maps.Header) mapView {
	return mapView{
		Name: name, Version: h.Version, Degree: h.Degree, Hash: h.Hash.String(), BlockSizeBytes: uint64(h.BlockSize),
		SizeBytes: uint64(h.Size), BlockCount: h.Blocks(), DataCount: h.NonZero, Root: h.Root().String(),
	}
}

type rangeView struct {
	OffsetBytes uint64 `json:"offset_bytes"`
	LengthBytes uint64 `json:"length_bytes"`
}

func viewRange(r maps.Range) rangeView { return rangeView{uint64(r.Start), uint64(r.Length)} }
