package units_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/units"
)

func TestParseBytes(t *testing.T) {
	tests := []struct {
		text string
		want units.Bytes
	}{
		{"0", 0}, {"17", 17}, {"17B", 17}, {"1s", 512}, {"20480s", 10 << 20},
		{"10GiB", 10 << 30}, {"10G", 10 << 30}, {"10g", 10 << 30}, {"10gib", 10 << 30},
		{"500MB", 500e6}, {"1KB", 1000}, {"1k", 1024}, {"1.5K", 1536}, {"0.5s", 256},
		{"1.0000M", 1 << 20}, {".5K", 512}, {"15E", 15 << 60}, {"18446744073709551615", math.MaxUint64},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got, err := units.ParseBytes(tt.text)
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestParseBytesErrors(t *testing.T) {
	tests := []struct {
		text string
		want error
	}{
		{"", units.ErrSyntax}, {"G", units.ErrSyntax}, {".", units.ErrSyntax}, {"1.", units.ErrSyntax},
		{"1.2.3", units.ErrSyntax}, {"1X", units.ErrSyntax}, {"1GiBs", units.ErrSyntax}, {"-1", units.ErrSyntax},
		{"0.3B", units.ErrSyntax}, {"1 G", units.ErrSyntax}, {"10%FREE", units.ErrSyntax},
		{"1.1234567890123456789G", units.ErrSyntax},
		{"16E", units.ErrOverflow}, {"18446744073709551616", units.ErrOverflow},
		{"18446744073709551615.5E", units.ErrOverflow}, {"15.9999E", units.ErrSyntax},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			_, err := units.ParseBytes(tt.text)
			require.ErrorIs(t, err, tt.want)
		})
	}
}

func TestParseSize(t *testing.T) {
	got, err := units.ParseSize("25%free")
	require.NoError(t, err)
	require.Equal(t, units.Size{Percent: 25, Of: "FREE"}, got)
	require.Equal(t, "25%FREE", got.String())
	share, err := got.Resolve(10 * units.GiB)
	require.NoError(t, err)
	require.Equal(t, units.Bytes(2560)*units.MiB, share)

	got, err = units.ParseSize("10G")
	require.NoError(t, err)
	require.Equal(t, "10GiB", got.String())

	for _, text := range []string{"0%FREE", "%VG", "5%", "5%XYZ", "5.5%VG", "-5%VG", "4294967296%VG"} {
		_, err := units.ParseSize(text)
		require.ErrorIs(t, err, units.ErrSyntax, text)
	}
	_, err = units.Size{Percent: 200, Of: "ORIGIN"}.Resolve(math.MaxUint64)
	require.ErrorIs(t, err, units.ErrOverflow)
}

// Whatever String prints, ParseBytes reads back.
func TestBytesStringRoundTrip(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 10_000 {
		want := units.Bytes(random.Uint64() >> random.UintN(64) << random.UintN(64))
		got, err := units.ParseBytes(want.String())
		require.NoError(t, err, want.String())
		require.Equal(t, want, got)
	}
}

func TestConversion(t *testing.T) {
	_, err := units.Bytes(1000).Sectors()
	require.ErrorIs(t, err, units.ErrNotSectors)
	require.Equal(t, units.Sectors(2), units.Bytes(1000).SectorsRoundUp())
	require.Equal(t, units.Sectors(1), units.Bytes(1000).SectorsRoundDown())
	require.Equal(t, units.Sectors(1<<55), units.Bytes(math.MaxUint64).SectorsRoundUp())

	b, err := units.Sectors(3).Bytes()
	require.NoError(t, err)
	require.Equal(t, units.Bytes(1536), b)
	_, err = units.Sectors(1 << 55).Bytes()
	require.ErrorIs(t, err, units.ErrOverflow)

	_, err = units.Sectors(math.MaxUint64).Add(1)
	require.ErrorIs(t, err, units.ErrOverflow)
	up, err := units.Sectors(129).RoundUp(128)
	require.NoError(t, err)
	require.Equal(t, units.Sectors(256), up)
	require.Equal(t, units.Sectors(128), units.Sectors(255).RoundDown(128))
	_, err = units.Sectors(math.MaxUint64).RoundUp(2)
	require.ErrorIs(t, err, units.ErrOverflow)
}

func TestHuman(t *testing.T) {
	for want, b := range map[string]units.Bytes{
		"17B": 17, "1KiB": 1024, "1.5KiB": 1536, "100MiB": 100 << 20, "9.54GiB": 10243302000, "1023KiB": 1023 << 10,
	} {
		require.Equal(t, want, b.Human())
	}
}

func FuzzParseSize(f *testing.F) {
	for _, seed := range []string{"10GiB", "500MB", "20480s", "25%FREE", "1.5k", "", "%", "99999999999999999999E"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		size, err := units.ParseSize(text)
		if err != nil {
			return
		}
		again, err := units.ParseSize(size.String())
		require.NoError(t, err)
		require.Equal(t, size, again)
	})
}
