package testenv

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestName(t *testing.T) {
	a, b := Name(t), Name(t)
	require.NotEqual(t, a, b)
	require.True(t, strings.HasPrefix(a, "roktest-testname-"), a)
}

func TestShort(t *testing.T) {
	require.Equal(t, "pool_grow", short("TestKernelPool/grow"))
	require.Equal(t, "s_of_which_there_are_two", short("TestKernelVery/long/names of which/there are two"))
}
