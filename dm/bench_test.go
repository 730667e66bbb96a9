package dm_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
)

// The kernel's part is canned here: what is measured is what package dm adds.

func BenchmarkVersion(b *testing.B) {
	conn, _ := recorded(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := conn.Version(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkInfo(b *testing.B) {
	_, d := recorded(b)
	var info dm.Info
	b.ReportAllocs()
	for b.Loop() {
		if err := d.ReadInfo(&info); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for _, segments := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprint(segments), func(b *testing.B) {
			_, d := recorded(b)
			table := linearTable(dm.Dev{Major: 8}, segments)
			require.NoError(b, d.Load(table, dm.TableOptions{}))
			b.ReportAllocs()
			for b.Loop() {
				if err := d.Load(table, dm.TableOptions{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*segments), "ns/segment")
		})
	}
}

// Of 100 segments.

func BenchmarkReadTable(b *testing.B) {
	_, d := recorded(b)
	var lines dm.Lines
	b.ReportAllocs()
	for b.Loop() {
		if err := drain(&lines, d.ReadTable(&lines, dm.TableQuery{})); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTable(b *testing.B) {
	_, d := recorded(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Table(dm.TableQuery{}); err != nil {
			b.Fatal(err)
		}
	}
}
