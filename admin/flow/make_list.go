package flow

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance"
)

// ListArgs asks for a new revocation list.
type ListArgs struct{}

// Kind names the job for River.
func (ListArgs) Kind() string { return "crl" }

// lister is who has lists made.
var lister = actor.Job("crl")

// MakeList has the signer make the next revocation list where one is due: there is none, the last one has lived half of
// its life, or a certificate was revoked since. It is the job's worker and the sweep's function. A list that came is
// checked before it is stored; one that was made and lost on the way is asked for under the same number.
func (f *Flow) MakeList(ctx context.Context) error {
	for range 3 { // a list that was lost on the way may be older than the revocation it is wanted for
		last, err := f.Issuance.LastListHead(ctx, f.DB.Read(ctx))
		if fault.HasKey(err, "signer_unknown") {
			return nil // nothing is issued yet
		}
		none := fault.HasKey(err, "crl_unknown")
		if err != nil && !none {
			return err
		}
		due := none || !f.Now().Before(last.Due())
		if !due {
			if due, err = f.Issuance.Unlisted(ctx, f.DB.Read(ctx), last); err != nil || !due {
				return err
			}
		}
		if err := f.storeList(ctx); err != nil {
			return f.noList(ctx, last, err)
		}
	}
	return nil
}

func (f *Flow) storeList(ctx context.Context) error {
	l, err := f.Issuance.AskList(ctx, f.DB.Read(ctx))
	if err != nil {
		return err
	}
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		fresh, err := f.Issuance.KeepList(ctx, tx, l)
		if err != nil || !fresh {
			return err
		}
		return audit.Append(ctx, tx, lister, f.Now(), audit.Entry{
			Action: "crl.stored", Object: listObject(l.Number),
			Details: map[string]any{"entries": l.Entries, "next_update": l.NextUpdate.Format(time.RFC3339), "signer_seq": l.Head.Seq},
		})
	})
}

// badLists is what is wrong with lists that are none.
var badLists = []string{"crl_wrong", "crl_behind", "crl_shrinks", "crl_malformed"}

// noList raises the alarm where the last list grows old, or where the signer gave something that is none: once for each
// list on record, and in the log as long as it lasts. A signer that is away for a while is no alarm: half of a list's life
// is left then.
func (f *Flow) noList(ctx context.Context, last issuance.List, cause error) error {
	key := fault.Of(cause).Key
	if !slices.Contains(badLists, key) && (last.Number == 0 || f.Now().Before(last.Alarming())) {
		if fault.Is(cause, fault.Unavailable) {
			return nil
		}
		return cause
	}
	err := f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		fresh, err := f.Issuance.Alarm(ctx, tx, last.Number, key)
		if err != nil || !fresh {
			return err
		}
		return audit.Append(ctx, tx, lister, f.Now(), audit.Entry{
			Action: "crl.overdue", Object: listObject(last.Number), Outcome: audit.Failed, Reason: key,
		})
	})
	return errors.Join(cause, err)
}

// listObject names a list in the audit trail.
func listObject(number uint64) string { return "crl:" + strconv.FormatUint(number, 10) }
