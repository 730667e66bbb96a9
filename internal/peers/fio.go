package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rok-storage/rok/bench/stat"
)

// runFio measures package bench against fio.
func runFio(ctx context.Context, cfg config, w io.Writer) (_ []bar, err error) {
	all := cells(cfg.cells)
	if len(all) == 0 {
		return nil, usageError{errors.New("no cell is chosen")}
	}
	t, err := makeTargets(all, cfg.dir, cfg.size)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	fmt.Fprint(w, "## fio\n\n")
	printEnvironment(w, cfg, programVersion("fio", "fio", "--version"))
	printOptions(w, cfg, all[0])

	began := time.Now()
	var duels []*duel
	for i, c := range all {
		d, err := fight(ctx, c, t.places[c.target], cfg.pairCount(), cfg.length)
		if err != nil {
			return nil, err
		}
		duels = append(duels, d)
		took := time.Since(began)
		left := took / time.Duration(i+1) * time.Duration(len(all)-i-1)
		fmt.Fprintf(os.Stderr, "peers: %s: rate %s, CPU per I/O %s, %d pairs; %s left\n", c, d.rate(), d.cpu(), len(d.rok), left.Round(time.Second))
	}
	printDuels(w, duels)
	printStarts(w, duels)
	bars := fioBars(duels)
	printBars(w, bars, cfg.quick)
	return bars, nil
}

func printOptions(w io.Writer, cfg config, c cell) {
	n := cfg.pairCount()
	fmt.Fprintf(w, `%d or more alternating pairs of %s in each cell, until the interval of the CPU is narrower than %.0f %% or on one side of the bar, and %d at most;
on files of %s in %s. Depth of psync: that many threads.
CPU is the process's by wait4 (io_uring's workers are its threads) and that of all kernel threads meanwhile by
/proc/PID/schedstat (a loop device's workers are among them), less what a run of one I/O uses, measured between the pairs. Both submit 1 and reap 1,
which is fio's batch policy. fio's options, of which package bench has the same:

    fio %s

`, n.least, cfg.length, 100*n.narrow, n.most, cfg.size, cfg.dir, strings.Join(c.fioArgs("PATH", cfg.size, cfg.length), " "))
}

func printDuels(w io.Writer, duels []*duel) {
	var g grid
	g.add("cell", "pairs", "fio IOPS", "rok IOPS", "rok/fio", "fio CPU per I/O", "rok", "rok/fio",
		"p50 fio", "rok", "p90 fio", "rok", "p99 fio", "rok")
	for _, d := range duels {
		fioCPU, rokCPU := each(d.fio, perIO(start(d.fioStarts))), each(d.rok, perIO(start(d.rokStarts)))
		row := []string{
			d.String(), strconv.Itoa(len(d.rok)),
			fmt.Sprintf("%.0f", stat.Median(each(d.fio, iops))), fmt.Sprintf("%.0f", stat.Median(each(d.rok, iops))),
			ratio(d.rate()),
			nanoseconds(stat.Median(fioCPU)), nanoseconds(stat.Median(rokCPU)), ratio(d.cpu()),
		}
		for _, p := range percentiles {
			row = append(row, nanoseconds(stat.Median(each(d.fio, percentile(p)))), nanoseconds(stat.Median(each(d.rok, percentile(p)))))
		}
		g.add(row...)
	}
	g.WriteTo(w)
}

func printStarts(w io.Writer, duels []*duel) {
	var rok, fio []float64
	for _, d := range duels {
		rok, fio = append(rok, float64(start(d.rokStarts))), append(fio, float64(start(d.fioStarts)))
	}
	fmt.Fprintf(w, "Left out of the CPU: the start of a process, %s of rok and %s of fio (medians over the cells).\n",
		nanoseconds(stat.Median(rok)), nanoseconds(stat.Median(fio)))
}

func ratio(i stat.Interval) string { return fmt.Sprintf("%.3f [%.3f %.3f]", i.Estimate, i.Low, i.High) }

// Bounds of the bars.
const (
	minRate    = 0.97
	maxCPU     = 1.05
	minOverall = 1.0
)

func fioBars(duels []*duel) []bar {
	rate := bar{timed: true, text: "upper end of the 95 % interval of rok's IOPS over fio's at least 0.97"}
	cpu := bar{timed: true, text: "CPU per I/O at most 1.05 of fio's"}
	overall := bar{timed: true, text: "geometric mean of the cells' IOPS ratios at least 1.0"}
	latency := bar{timed: true, text: "latency percentiles agree, at 95 % for all comparisons together"}
	// At 95 % each, five of a hundred equal ones would disagree.
	together := 1 - (1-confidence)/float64(max(len(duels), 1)*len(percentiles))
	replay := bar{text: "fio's own latencies in rok's histogram give fio's percentiles"}
	var rates []float64
	for _, d := range duels {
		r, c := d.rate(), d.cpu()
		rates = append(rates, r.Estimate)
		rate.check(r.High >= minRate, "%s: %s", d, ratio(r))
		cpu.check(c.Estimate <= maxCPU, "%s: %s", d, ratio(c))
		for _, p := range percentiles {
			l := d.latency(p, together)
			latency.check(agree(l, r.Estimate), "%s: p%.0f %s at a rate of %.3f", d, p, ratio(l), r.Estimate)
			for i := range d.fio {
				f := &d.fio[i]
				replay.check(f.told[p] == f.latency.Percentile(p), "%s: p%.0f: fio says %d, rok %d ns", d, p, f.told[p], f.latency.Percentile(p))
			}
		}
	}
	mean := stat.GeometricMean(rates)
	overall.check(mean >= minOverall, "%.3f", mean)
	overall.text += fmt.Sprintf(": %.3f", mean)
	return []bar{rate, cpu, overall, latency, replay}
}
