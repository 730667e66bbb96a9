package engine

import "errors"

// closeAfter joins the error of a cleanup to the one that made it necessary.
func closeAfter(err, cleanup error) error {
	if cleanup == nil {
		return err
	}
	return errors.Join(err, cleanup)
}
