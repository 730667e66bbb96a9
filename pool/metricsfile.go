package pool

import (
	"errors"
	"os"
	"path/filepath"
)

// WriteMetricsFile gives a file another content, for the textfile collector of
// node_exporter: whoever reads it meanwhile sees all of the old one or all of the
// new one. It is made anew beside the old one, "NAME.tmp", and renamed.
func WriteMetricsFile(path string, content []byte) error {
	beside := path + ".tmp" // the collector reads *.prom
	f, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(beside, filepath.Clean(path))
	}
	if err != nil {
		return errors.Join(err, os.Remove(beside))
	}
	return nil
}
