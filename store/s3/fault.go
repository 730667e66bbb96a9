package s3

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"

	"github.com/minio/minio-go/v7"

	"github.com/rok-storage/rok/store"
)

// bodyError is that of a body that could not be read: no request helps.
type bodyError struct{ err error }

func (e *bodyError) Error() string { return "body: " + e.err.Error() }
func (e *bodyError) Unwrap() error { return e.err }

// errTime ends a request on which nothing moved.
var errTime = errors.New("no answer in time")

// transient reports whether the same request may succeed later.
func transient(err error) bool {
	var body *bodyError
	var certificate *tls.CertificateVerificationError
	var r minio.ErrorResponse
	switch {
	case err == nil, errors.As(err, &body), errors.As(err, &certificate), errors.Is(err, context.Canceled), errors.Is(err, errOrder):
		return false
	case !errors.As(err, &r):
		return true
	}
	switch r.Code {
	case "SlowDown", "InternalError", "RequestTimeout", "ServiceUnavailable", "OperationAborted", "ConditionalRequestConflict", "Throttling", "TooManyRequests", "XMinioServerNotInitialized":
		return true
	case "NotImplemented", "QuotaExceeded", "XMinioStorageFull", "InsufficientCapacity":
		return false
	}
	switch r.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusInsufficientStorage:
		return false
	}
	return r.StatusCode >= 500
}

// unsure reports whether the service may have done what it was asked.
func unsure(err error) bool {
	var r minio.ErrorResponse
	if errors.As(err, &r) {
		return r.StatusCode >= 500 || r.StatusCode == http.StatusRequestTimeout || r.StatusCode == http.StatusOK
	}
	return err != nil
}

func status(err error) (code string, number int) {
	var r minio.ErrorResponse
	if errors.As(err, &r) {
		return r.Code, r.StatusCode
	}
	return "", 0
}

// answered reports whether the service said something.
func answered(err error) bool {
	var r minio.ErrorResponse
	return errors.As(err, &r)
}

// refused reports whether a condition did not hold.
func refused(err error) bool {
	code, number := status(err)
	return number == http.StatusPreconditionFailed || code == "PreconditionFailed"
}

// gone reports whether there is no such object.
func gone(err error) bool {
	code, number := status(err)
	return number == http.StatusNotFound && code != "NoSuchBucket"
}

// unknown reports whether the service does not know the request.
func unknown(err error) bool {
	code, number := status(err)
	return number == http.StatusNotImplemented || number == http.StatusMethodNotAllowed || code == "NotImplemented" || code == "MethodNotAllowed"
}

// meaning gives an error of a request that of package store.
func (b *Bucket) meaning(err error) error {
	code, number := status(err)
	var body *bodyError
	join := func(as error) error { return fmt.Errorf("%w: %w", as, err) }
	switch {
	case err == nil, errors.As(err, &body), errors.Is(err, errOrder), errors.Is(err, context.Canceled):
		return err
	case code == "NoSuchBucket":
		return fmt.Errorf("%w: there is no bucket %s: %w", store.ErrMissing, b.name, err)
	case number == http.StatusNotFound || code == "NoSuchKey" || code == "NotFound":
		return join(store.ErrMissing)
	case number == http.StatusForbidden || number == http.StatusUnauthorized || code == "AccessDenied":
		return join(store.ErrDenied)
	case number == http.StatusInsufficientStorage, code == "QuotaExceeded", code == "XMinioStorageFull", code == "XMinioAdminBucketQuotaExceeded", code == "InsufficientCapacity":
		return join(store.ErrNoSpace)
	case unknown(err):
		return join(errors.ErrUnsupported)
	case number == 0, number >= 500, transient(err):
		return join(store.ErrUnreachable)
	}
	return err
}

// fail is the error that a call returns.
func (b *Bucket) fail(op, key string, err error) error {
	if err == nil {
		return nil
	}
	return &store.Error{Op: op, Address: b.address, Key: key, Err: b.meaning(err)}
}
