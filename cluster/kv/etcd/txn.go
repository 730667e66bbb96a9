package etcd

import (
	"context"
	"slices"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/rok-storage/rok/cluster/kv"
)

// Txn is [kv.Store.Txn].
func (s *Store) Txn(ctx context.Context, txn kv.Txn) (r kv.Result, err error) {
	err = s.do(ctx, "txn", "", changes(txn), txn.Check(), func(ctx context.Context) error {
		then, thenOrder := branch(txn.Then)
		otherwise, elseOrder := branch(txn.Else)
		reply, err := s.client.Txn(ctx).If(compares(txn.If)...).Then(then...).Else(otherwise...).Commit()
		if err != nil {
			return err
		}
		r = kv.Result{Succeeded: reply.Succeeded, Revision: reply.Header.Revision}
		if reply.Succeeded {
			r.Read = read(txn.Then, thenOrder, reply.Responses)
		} else {
			r.Read = read(txn.Else, elseOrder, reply.Responses)
		}
		return nil
	})
	return r, err
}

// changes reports whether a transaction may change something.
func changes(txn kv.Txn) bool {
	write := func(op kv.Op) bool { return op.Kind == kv.OpPut || op.Kind == kv.OpDelete }
	return slices.ContainsFunc(txn.Then, write) || slices.ContainsFunc(txn.Else, write)
}

func compares(all []kv.Compare) []clientv3.Cmp {
	var out []clientv3.Cmp
	for _, c := range all {
		out = append(out, clientv3.Compare(clientv3.ModRevision(c.Key), "=", c.Modified))
	}
	return out
}

// branch has the reads of a branch first, since etcd's see what was done before them. order are the
// places of the ops.
func branch(all []kv.Op) (ops []clientv3.Op, order []int) {
	for _, changes := range []bool{false, true} {
		for i, op := range all {
			o, change := operation(op)
			if change == changes {
				ops, order = append(ops, o), append(order, i)
			}
		}
	}
	return ops, order
}

func operation(op kv.Op) (o clientv3.Op, changes bool) {
	switch op.Kind {
	case kv.OpPut:
		return clientv3.OpPut(op.Key, string(op.Value), clientv3.WithLease(clientv3.LeaseID(op.Lease))), true
	case kv.OpDelete:
		return clientv3.OpDelete(op.Key), true
	case kv.OpList:
		return clientv3.OpGet(op.Key, clientv3.WithPrefix()), false
	}
	return clientv3.OpGet(op.Key), false
}

// read brings what was read into the order of the ops.
func read(ops []kv.Op, order []int, replies []*etcdserverpb.ResponseOp) [][]kv.Entry {
	out := make([][]kv.Entry, len(ops))
	for i, at := range order {
		switch found := replies[i].GetResponseRange(); ops[at].Kind {
		case kv.OpGet:
			out[at] = []kv.Entry{one(ops[at].Key, found.Kvs)}
		case kv.OpList:
			out[at] = entries(found.Kvs)
		}
	}
	return out
}
