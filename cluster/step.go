package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Step is a part of a node's upgrade. A killed one is done again from its begin, so each function
// may meet what it left half done.
type Step struct {
	Name string
	Help string
	// Check reports whether there is nothing to do. It changes nothing.
	Check func(ctx context.Context) (done bool, err error)
	// Before returns what Undo needs. It is on disk before Do begins, and is not asked again. Nil: nothing.
	Before func(ctx context.Context) (json.RawMessage, error)
	Do     func(ctx context.Context) error
	// Verify reads what Do wrote, as those who need it do.
	Verify func(ctx context.Context) error
	// Undo makes it as it was before, also where Do did not finish.
	Undo func(ctx context.Context, before json.RawMessage) error
}

// StepResult is what became of a step.
type StepResult struct {
	Name string `json:"step"`
	Help string `json:"does"`
	// State is "already", "done", "undone", or "to do" of a dry run.
	State string `json:"state"`
}

// runSteps does the steps that are not done, and notes each in the journal.
func runSteps(ctx context.Context, j *journal, steps []Step, report func(StepResult)) error {
	for _, step := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		state, err := runStep(ctx, j, step)
		if err != nil {
			return fmt.Errorf("upgrade-node: step %s: %w", step.Name, err)
		}
		report(StepResult{step.Name, step.Help, state})
	}
	return nil
}

func runStep(ctx context.Context, j *journal, step Step) (string, error) {
	e := j.find(step.Name)
	if e != nil && e.State == "done" {
		return "already", nil
	}
	if e == nil {
		done, err := step.Check(ctx)
		if err != nil {
			return "", err
		}
		if done {
			return "already", nil
		}
		entry := journalEntry{Step: step.Name, State: "begun"}
		if step.Before != nil {
			if entry.Before, err = step.Before(ctx); err != nil {
				return "", err
			}
		}
		j.Steps = append(j.Steps, entry)
		if err := j.write(); err != nil {
			return "", err
		}
	}
	if err := step.Do(ctx); err != nil {
		return "", err
	}
	if err := step.Verify(ctx); err != nil {
		return "", fmt.Errorf("verify: %w", err)
	}
	j.find(step.Name).State = "done"
	return "done", j.write()
}

// planSteps tells what runSteps would do.
func planSteps(ctx context.Context, j *journal, steps []Step) (all []StepResult, err error) {
	for _, step := range steps {
		r := StepResult{step.Name, step.Help, "to do"}
		e := j.find(step.Name)
		done := e != nil && e.State == "done"
		if e == nil {
			if done, err = step.Check(ctx); err != nil {
				return all, fmt.Errorf("upgrade-node: step %s: %w", step.Name, err)
			}
		}
		if done {
			r.State = "already"
		}
		all = append(all, r)
	}
	return all, nil
}

// undoSteps undoes what the journal has, the last first.
func undoSteps(ctx context.Context, j *journal, steps []Step, report func(StepResult)) error {
	for len(j.Steps) > 0 {
		last := j.Steps[len(j.Steps)-1]
		step, err := stepOf(steps, last.Step)
		if err == nil {
			err = step.Undo(ctx, last.Before)
		}
		if err == nil {
			j.Steps = j.Steps[:len(j.Steps)-1]
			err = j.write()
		}
		if err != nil {
			return fmt.Errorf("rollback: step %s: %w", last.Step, err)
		}
		report(StepResult{step.Name, step.Help, "undone"})
	}
	return nil
}

var errNoStep = errors.New("this version has no such step")

func stepOf(steps []Step, name string) (Step, error) {
	for _, s := range steps {
		if s.Name == name {
			return s, nil
		}
	}
	return Step{}, errNoStep
}
