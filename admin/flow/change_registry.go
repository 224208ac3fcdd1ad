package flow

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/admin/staff"
	"caconsole/issuance/cert"
	"caconsole/issuance/staffkey"
)

// RegistryPlan is what a key officer puts together.
type RegistryPlan struct {
	Include []uuid.UUID // requests
	Revoke  []string    // ids of keys
	Years   int         // how long what is added counts; 0: without end
}

// longestKey is the longest that an officer may let a key count, in years.
const longestKey = 10

// ComposeRegistry opens a change of the registry for the officers to sign. It is checked as the signer will check it.
// Fails with Conflict "registry_change_open" where another one is open, "key_request_ended", "key_owner_suspended",
// Invalid "registry_change_empty" or "registry_change_malformed".
func (f *Flow) ComposeRegistry(ctx context.Context, a actor.Actor, plan RegistryPlan) error {
	if plan.Years < 0 || plan.Years > longestKey {
		return fault.InvalidField("years", "field_not_offered")
	}
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		trust, err := f.Issuance.Trust(ctx, tx)
		if err != nil {
			return err
		}
		from := f.Now().UTC().Truncate(time.Second)
		var until time.Time
		if plan.Years > 0 {
			until = from.AddDate(plan.Years, 0, 0)
		}
		var add []cert.StaffKey
		for _, id := range plan.Include {
			k, err := f.entry(ctx, tx, id, from, until)
			if err != nil {
				return err
			}
			add = append(add, k)
		}
		c, err := staffkey.Compose(trust, add, slices.Compact(slices.Sorted(slices.Values(plan.Revoke))))
		if err != nil {
			return err
		}
		opened, err := f.Keys.Begin(ctx, tx, a.ID, c)
		if err != nil {
			return err
		}
		return audit.Append(ctx, tx, a, f.Now(), changeEntry("registry.compose", opened))
	})
}

// entry is the registry's entry of a requested key, for its person as they are now.
func (f *Flow) entry(ctx context.Context, tx pg.Tx, id uuid.UUID, from, until time.Time) (cert.StaffKey, error) {
	r, err := f.Keys.Requested(ctx, tx, id)
	if err != nil {
		return cert.StaffKey{}, err
	}
	if r.State != staffkey.Open {
		return cert.StaffKey{}, fault.New(fault.Conflict, "key_request_ended", nil)
	}
	m, err := f.Staff.Get(ctx, tx, r.StaffID)
	if err != nil {
		return cert.StaffKey{}, err
	}
	if m.State != staff.Active {
		return cert.StaffKey{}, fault.New(fault.Conflict, "key_owner_suspended", nil)
	}
	return r.Entry(m.Login, m.No, slices.Sorted(slices.Values(m.Roles)), from, until), nil
}

// RefuseKey ends somebody's request with the reason, which they are shown. Fails with Invalid where there is none,
// Conflict "key_request_ended", or "key_request_in_change" while an open change holds it.
func (f *Flow) RefuseKey(ctx context.Context, a actor.Actor, id uuid.UUID, reason string) error {
	if reason == "" {
		return fault.InvalidField("reason", "field_required")
	}
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		r, err := f.Keys.Requested(ctx, tx, id)
		if err != nil {
			return err
		}
		c, err := f.Keys.OpenChange(ctx, tx, true)
		switch {
		case err == nil && slices.ContainsFunc(c.Add, func(k cert.StaffKey) bool { return k.ID() == r.KeyID() }):
			return fault.New(fault.Conflict, "key_request_in_change", nil)
		case err != nil && !fault.Is(err, fault.NotFound):
			return err
		}
		m, err := f.Staff.Get(ctx, tx, r.StaffID)
		if err != nil {
			return err
		}
		if err := f.Keys.End(ctx, tx, id, a.ID, staffkey.Refused, reason); err != nil {
			return err
		}
		return audit.Append(ctx, tx, a, f.Now(), audit.Entry{
			Action: "key.refuse", Object: "staff:" + m.Login, Reason: reason, Details: map[string]any{"key": r.KeyID()},
		})
	})
}

// WithdrawRegistry drops the open change. Its signatures stay on record: the signer would still take them. Fails with
// NotFound "registry_change_none", Conflict "registry_change_ended".
func (f *Flow) WithdrawRegistry(ctx context.Context, a actor.Actor, sum string) error {
	return f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		c, err := f.changeSeen(ctx, tx, sum)
		if err != nil {
			return err
		}
		if err := f.Keys.EndChange(ctx, tx, c.Sum, staffkey.Withdrawn); err != nil {
			return err
		}
		return audit.Append(ctx, tx, a, f.Now(), changeEntry("registry.withdraw", c))
	})
}

// changeSeen locks the open change, if it is the one that the officer saw. Fails with Conflict "registry_change_ended".
func (f *Flow) changeSeen(ctx context.Context, tx pg.Tx, sum string) (staffkey.Change, error) {
	c, err := f.Keys.OpenChange(ctx, tx, true)
	if fault.Is(err, fault.NotFound) || err == nil && c.Sum.Hex() != sum {
		return c, fault.New(fault.Conflict, "registry_change_ended", nil)
	}
	return c, err
}

func changeEntry(act string, c staffkey.Change) audit.Entry {
	added := make([]string, 0, len(c.Add))
	for _, k := range c.Add {
		added = append(added, k.Login+" "+k.ID())
	}
	return audit.Entry{Action: act, Object: "registry:" + c.Sum.Hex(), Details: map[string]any{"seq": c.Seq, "add": added, "revoke": c.Revoke}}
}
