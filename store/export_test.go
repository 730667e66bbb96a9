package store

// Manual is a timing whose sessions renew their leases only as they publish.
func Manual(t Timing) Timing {
	t.manual = true
	return t
}
