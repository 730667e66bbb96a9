package conf_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/conf"
	"github.com/rok-storage/rok/units"
)

func TestReader(t *testing.T) {
	r := parse(t, `[s]
text = a b # c
on = yes
off = false
size = 1.5GiB
share = 80 %
share_of = 20%
size_of = 10GiB
time = 90s
word = queue
list = a, b*	@c
`).Section("s").Reader()
	require.Equal(t, "a b # c", r.Text("text", "x"))
	require.True(t, r.Bool("on", false))
	require.False(t, r.Bool("off", true))
	require.Equal(t, 1536*units.MiB, r.Size("size", 1))
	require.Equal(t, 80, r.Percent("share", 1))
	require.Equal(t, conf.Amount{Percent: 20}, r.Amount("share_of", conf.Amount{}))
	require.Equal(t, conf.Amount{Size: 10 * units.GiB}, r.Amount("size_of", conf.Amount{}))
	require.Equal(t, 90*time.Second, r.Duration("time", 0))
	require.Equal(t, "queue", r.Choice("word", "error", "queue", "error"))
	require.Equal(t, []string{"a", "b*", "@c"}, r.Words("list"))
	require.True(t, r.Has("list"))
	require.False(t, r.Has("lists"))

	// What is not there is what the caller says.
	require.Equal(t, "x", r.Text("text2", "x"))
	require.True(t, r.Bool("on2", true))
	require.Equal(t, units.MiB, r.Size("size2", units.MiB))
	require.Equal(t, 7, r.Percent("share2", 7))
	require.Equal(t, conf.Amount{Percent: 7}, r.Amount("share_of2", conf.Amount{Percent: 7}))
	require.Equal(t, time.Second, r.Duration("time2", time.Second))
	require.Equal(t, "error", r.Choice("word2", "error", "queue", "error"))
	require.Nil(t, r.Words("list2"))
	require.NoError(t, r.Err())
}

func TestReaderErrors(t *testing.T) {
	f := parse(t, `[s]
text =
on = 1
size = 10 apples
data_hihg = 5
share = 101%
share_of = lots
time = -1s
word = wait
xyzword2x = 1
`)
	r := f.Section("s").Reader()
	require.Equal(t, "x", r.Text("text", "x"))
	require.True(t, r.Bool("on", true))
	require.Equal(t, units.MiB, r.Size("size", units.MiB))
	require.Equal(t, 7, r.Percent("share", 7))
	require.Equal(t, 7, r.Percent("data_high", 7))
	require.Equal(t, conf.Amount{Percent: 7}, r.Amount("share_of", conf.Amount{Percent: 7}))
	require.Equal(t, time.Second, r.Duration("time", time.Second))
	require.Equal(t, "error", r.Choice("word", "error", "queue", "error"))
	r.Fail("word2", "want one of %d", 2)
	err := r.Err()
	require.ErrorIs(t, err, conf.ErrValue)
	require.ErrorIs(t, err, conf.ErrUnknownKey)
	require.EqualError(t, err, `daemons.conf:1: [s] word2: wrong value: want one of 2
daemons.conf:2: [s] text: "": wrong value: want something
daemons.conf:3: [s] on: "1": wrong value: want true, yes, false or no
daemons.conf:4: [s] size: "10 apples": wrong value: want a size such as 10GiB
daemons.conf:5: [s] data_hihg: unknown key; did you mean data_high?
daemons.conf:6: [s] share: "101%": wrong value: want a share such as 80%, up to 100%
daemons.conf:7: [s] share_of: "lots": wrong value: want a share such as 20%, or a size such as 10GiB
daemons.conf:8: [s] time: "-1s": wrong value: want a time such as 10s or 5m
daemons.conf:9: [s] word: "wait": wrong value: want queue, error
daemons.conf:10: [s] xyzword2x: unknown key; the nearest one is word`)
	require.NoError(t, f.Section("none").Reader().Err())
}

func TestAmountPrints(t *testing.T) {
	for _, text := range []string{"20%", "10GiB", "0B"} {
		f := parse(t, "[s]\na = "+text+"\n")
		r := f.Section("s").Reader()
		a := r.Amount("a", conf.Amount{})
		require.NoError(t, r.Err())
		require.Equal(t, text, a.String())
		require.Equal(t, text == "0B", a.IsZero())
	}
}
