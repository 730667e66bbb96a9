package main

import (
	"fmt"
	"strconv"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/units"
)

// clusterDefaults are what the cluster's variables say of new maps: composer.map_version,
// composer.block_size and composerd.maptree_degree.
func clusterDefaults(s cluster.Settings) composer.Defaults {
	d := composer.Defaults{Version: s.MapVersion, Degree: s.Degree, BlockSize: s.BlockSize}
	if s.Degree == cluster.AutoDegree {
		d.Degree = maps.AutoDegree
	}
	return d
}

// composerSettings are what commands of maps work with: the cluster's settings, and the section [composer] of
// daemons.conf.
type composerSettings struct {
	cluster  cluster.Settings
	store    string // address, or ""
	defaults composer.Defaults
}

// readComposer reads them, each file once. New maps are made with what daemons.conf says where it says something, and else
// with what the cluster says.
func readComposer(e *env) (composerSettings, error) {
	ours, err := e.settings()
	if err != nil {
		return composerSettings{}, err
	}
	s := composerSettings{cluster: ours, defaults: clusterDefaults(ours)}
	file, err := cli.ReadConf(e.configPath(), e.confNamed())
	if err != nil {
		return s, err
	}
	r := file.Section("composer").Reader()
	s.store = r.Text("store", "")
	version := ""
	if s.defaults.Version != 0 {
		version = strconv.Itoa(s.defaults.Version)
	}
	s.defaults.Version, _ = strconv.Atoi(r.Choice("map_version", version, "3", "4"))
	if r.Has("maptree_degree") {
		degree, err := parseDegree(r.Text("maptree_degree", ""))
		if err != nil {
			r.Fail("maptree_degree", "%v", err)
		}
		s.defaults.Degree = degree
	}
	s.defaults.BlockSize = r.Size("block_size", s.defaults.BlockSize)
	return s, r.Err()
}

// parseDegree reads what people type for the degree of a tree: auto, flat, or a number.
func parseDegree(text string) (int, error) {
	switch text {
	case "auto":
		return maps.AutoDegree, nil
	case "flat", "none", "0":
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	shape := maps.Shape{Version: 4, Degree: n, BlockSize: units.MiB}
	if err == nil {
		_, err = shape.Complete()
	}
	if err != nil {
		return 0, fmt.Errorf("%q: want auto, flat, or a power of two from %d to %d", text, maps.MinDegree, maps.MaxDegree)
	}
	return n, nil
}
