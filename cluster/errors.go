package cluster

import "errors"

var (
	// ErrRefused says that a rule of the order forbids a change now. The text says what to do first.
	ErrRefused = errors.New("refused")
	// ErrUnknown says that there is no such variable.
	ErrUnknown = errors.New("no such variable")
	// ErrValue says that a value is not what its variable wants.
	ErrValue = errors.New("wrong value")
	// ErrNoMember says that a host is no member of the cluster.
	ErrNoMember = errors.New("no such member")
	// ErrNoRevision says that a revision is in no history.
	ErrNoRevision = errors.New("no such revision")
	// ErrBusy says that others changed the cluster each time that a change was tried.
	ErrBusy = errors.New("the cluster changes all the time")
	// ErrSchema says that the code does not know the schema of the cluster.
	ErrSchema = errors.New("schema is not known to this version")
	// ErrDamaged says that what a store or a file has of the cluster cannot be read.
	ErrDamaged = errors.New("cluster state is damaged")
	// ErrEmptied says that the state directory has lost what was in it.
	ErrEmptied = errors.New("state directory was emptied")
	// ErrAbsent says that members have no agent running, or did not answer in time.
	ErrAbsent = errors.New("members do not answer")
	// ErrTooLarge says that a configuration is larger than a transaction may be.
	ErrTooLarge = errors.New("configuration is too large")
	// ErrTarget says that the code has no migration to a version.
	ErrTarget = errors.New("no such upgrade")
)

// Refusal is a change that is not allowed now. It matches [ErrRefused].
type Refusal struct {
	Op       string   // "upgrade-cluster"
	Reason   string   // a phrase
	Members  []string // that are in the way; may be empty
	Commands []string // to run first, in order; may be empty
}

func (e *Refusal) Error() string {
	text := e.Op + ": " + e.Reason
	for i, c := range e.Commands {
		text += map[bool]string{true: "; run first: ", false: "; then: "}[i == 0] + c
	}
	return text
}

func (e *Refusal) Unwrap() error { return ErrRefused }
