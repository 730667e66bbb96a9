package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// printEnvironment says what was measured where.
func printEnvironment(w io.Writer, cfg config, programs ...string) {
	fmt.Fprintf(w, "%s, %s, %d processors (%s), %s", time.Now().UTC().Format(time.DateOnly),
		kernelRelease(), runtime.NumCPU(), processor(), runtime.Version())
	for _, p := range programs {
		fmt.Fprintf(w, ", %s", p)
	}
	if cfg.quick {
		fmt.Fprint(w, ". **A quick run: the figures mean nothing**")
	}
	fmt.Fprint(w, ".\n\n")
}

func kernelRelease() string {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "unknown kernel"
	}
	return "Linux " + strings.TrimSpace(string(release))
}

// processor is the model, as the kernel tells it.
func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	var model string
	for line := range strings.Lines(string(info)) {
		key, value, _ := strings.Cut(line, ":")
		switch key, value = strings.TrimSpace(key), strings.TrimSpace(value); key {
		case "model name":
			model = value
		case "host": // user-mode Linux tells it
			return model + " on " + strings.Join(strings.Fields(value)[:3:3], " ")
		case "":
			return model
		}
	}
	return model
}

// programVersion is the first line that a program prints about itself that
// holds the given word.
func programVersion(word, name string, args ...string) string {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		return name + " (" + err.Error() + ")"
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, word) {
			fields := strings.Fields(line)
			return name + " " + strings.TrimPrefix(strings.Join(fields[min(len(fields)-1, strings.Count(word, " ")+1):], " "), name+"-")
		}
	}
	return name
}
