package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/rok-storage/rok/conf"
)

// ReadConf reads a configuration file, and no more of it than a file may have. One that nobody named need not
// be there. Errors are those of reading, and a [*conf.Error].
func ReadConf(path string, named bool) (*conf.File, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return conf.Parse(path, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, conf.MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return conf.Parse(path, text)
}
