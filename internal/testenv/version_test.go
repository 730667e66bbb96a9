package testenv

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseVersion(t *testing.T) {
	tests := []struct {
		text string
		want version
	}{
		{"6.12", version{6, 12}},
		{"6.12.117+deb12-cloud-amd64\n", version{6, 12}},
		{"7.0-rc1", version{7, 0}},
		{"4.48.0", version{4, 48}},
	}
	for _, tt := range tests {
		got, err := parseVersion(tt.text)
		require.NoError(t, err, tt.text)
		require.Equal(t, tt.want, got, tt.text)
	}
	for _, bad := range []string{"", "6", "six.one", "6."} {
		_, err := parseVersion(bad)
		require.Error(t, err, bad)
	}
}

func TestVersionAtLeast(t *testing.T) {
	require.NoError(t, version{6, 1}.atLeast(version{5, 19}))
	require.NoError(t, version{6, 1}.atLeast(version{6, 1}))
	require.Equal(t, tooOld{version{6, 1}}, version{6, 1}.atLeast(version{6, 6}))
}
