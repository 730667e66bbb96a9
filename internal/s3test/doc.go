// Package s3test tests store/s3 with S3 servers: gofakes3 in the process, and versitygw as
// a process. scripts/setup.sh builds that, in the version that this module pins.
package s3test
