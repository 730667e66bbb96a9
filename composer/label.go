package composer

import (
	"context"
	"errors"
	"fmt"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
)

// SetLabels gives a map labels; one without a value is taken away. It returns all labels that the map has then. Its root stays the same, and so does all but
// its attributes. Errors match [ErrLabel], [ErrReserved] for a backup, which stays as it is, [maps.ErrMissing], and
// [store.ErrChanged] where the map is changed at the same time.
func SetLabels(ctx context.Context, st *store.Store, name string, labels []Label) (_ []Label, err error) {
	if err := checkNew(name); err != nil {
		return nil, err
	}
	var set []maps.Attribute
	for _, l := range labels {
		if err := CheckLabel(l); err != nil {
			return nil, err
		}
		set = append(set, maps.Attribute{Key: labelPrefix + l.Key, Value: l.Value})
	}
	session, err := st.Begin(ctx, store.SessionOptions{Purpose: "label " + name})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, session.End(context.WithoutCancel(ctx))) }()
	m, info, err := session.Base(ctx, name)
	if err != nil {
		return nil, err
	}
	body := new(spool)
	spec := maps.Spec{Shape: m.Shape, Attributes: withAttributes(m.Attributes, set...)}
	header, err := maps.Update(ctx, body, session, m, spec, func(func(maps.Change, error) bool) {})
	if err != nil {
		return nil, err
	}
	if header != m.Header {
		return nil, fmt.Errorf("label %s: another root, %s: %w", name, header.Root(), ErrTwin)
	}
	if _, err := session.Publish(ctx, name, body, store.Condition{Version: info.Version}); err != nil {
		return nil, err
	}
	return Labels(&maps.Map{Attributes: spec.Attributes}), nil
}
