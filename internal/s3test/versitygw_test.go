package s3test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store/s3"
)

// TestGateway is the suite on versitygw, as a process.
func TestGateway(t *testing.T) {
	c, _ := gateway(t, false)
	b := open(t, c)
	require.False(t, b.Versioned())
	suite(t, b)
	c.Versioning = s3.Assume
	suite(t, open(t, c))
}

// TestGatewayVersioned: behind the deletes no version is left.
func TestGatewayVersioned(t *testing.T) {
	c, client := gateway(t, true)
	b := open(t, c)
	require.True(t, b.Versioned())
	suite(t, b)
	count := func() (n int) {
		for o := range client.ListObjectsIter(t.Context(), bucketName, minio.ListObjectsOptions{Recursive: true, WithVersions: true}) {
			require.NoError(t, o.Err)
			n++
		}
		return n
	}
	require.NotZero(t, count())
	require.NoError(t, b.Delete(t.Context(), keys(t, b.List(t.Context(), ""))...))
	require.Zero(t, count())
}

// gateway starts versitygw on a directory, with a bucket. It keeps metadata in extended attributes:
// in files beside (--sidecar) those of deleted versions stay, and refuse If-None-Match.
func gateway(t *testing.T, versioned bool) (s3.Config, *minio.Client) {
	program := os.Getenv("ROK_VERSITYGW")
	if program == "" {
		t.Skip("ROK_VERSITYGW does not say where versitygw is; make test does")
	}
	dir := t.TempDir()
	for _, name := range []string{"data", "versions"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o700))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	c := config("http://" + address)
	args := []string{"--port", address, "posix"}
	if versioned {
		args = append(args, "--versioning-dir", filepath.Join(dir, "versions"))
	}
	var output bytes.Buffer
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, append(args, filepath.Join(dir, "data"))...)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+c.Credentials.AccessKey, "ROOT_SECRET_KEY="+c.Credentials.SecretKey, "HOME="+dir)
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			text := output.String()
			t.Log(text[max(0, len(text)-4000):])
		}
	})
	client, err := minio.New(address, &minio.Options{Creds: credentials.NewStaticV4(c.Credentials.AccessKey, c.Credentials.SecretKey, ""), Region: c.Region})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		err = client.MakeBucket(t.Context(), bucketName, minio.MakeBucketOptions{})
		return err == nil
	}, 30*time.Second, 50*time.Millisecond, "%s", fmt.Sprint(args))
	if versioned {
		require.NoError(t, client.EnableVersioning(t.Context(), bucketName))
	}
	return c, client
}
