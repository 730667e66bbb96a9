package cluster

import "context"

// Turn is one round of an agent.
func (a *Agent) Turn(ctx context.Context) error {
	_, err := a.round(ctx)
	return err
}
