package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/bolt"
	"github.com/rok-storage/rok/cluster/kv/etcd"
	"github.com/rok-storage/rok/conf"
	"github.com/rok-storage/rok/internal/cli"
)

// clusterSection is where daemons.conf says which store the cluster has.
const clusterSection = "cluster"

// openKV opens the cluster's store: etcd where [cluster] has endpoints, and a file in the state
// directory otherwise.
func openKV(ctx context.Context, e *env) (kv.Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := kvConfig(e)
	if err != nil {
		return nil, err
	}
	if len(c.Endpoints) == 0 {
		return bolt.Open(filepath.Join(e.stateDir(), "cluster.db"), bolt.Options{MakeDir: true}), nil
	}
	s, err := etcd.Open(c)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// kvConfig reads [cluster]. A file that nobody named need not be there.
func kvConfig(e *env) (etcd.Config, error) {
	file, err := cli.ReadConf(e.configPath(), e.confNamed())
	if err != nil {
		return etcd.Config{}, err
	}
	section := file.Section(clusterSection)
	r := section.Reader()
	c := etcd.Config{
		CA:   r.Text("ca", ""),
		Cert: r.Text("cert", ""),
		Key:  r.Text("key", ""),
		User: r.Text("user", ""),
	}
	c.Endpoints = strings.FieldsFunc(r.Text("endpoints", ""), func(c rune) bool { return c == ',' || c == ' ' || c == '\t' })
	password := r.Text("password_file", "")
	if err := r.Err(); err != nil {
		return etcd.Config{}, err
	}
	if len(c.Endpoints) == 0 && len(section.Keys()) > 0 {
		return etcd.Config{}, section.Error("endpoints", fmt.Errorf("%w: the others are for a store that it names", conf.ErrValue))
	}
	if password != "" {
		text, err := os.ReadFile(password)
		if err != nil {
			return etcd.Config{}, fmt.Errorf("password of the cluster store: %w", err)
		}
		c.Password = etcd.Password(strings.TrimRight(string(text), "\r\n"))
	}
	return c, nil
}
