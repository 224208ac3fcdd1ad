package flow_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/applicant"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/invoice"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
	"caconsole/issuance/cert/certtest"
)

// another opens a renewal of another certificate: of the same account, or by another person of the same holder.
func (r *renewal) another(ofHolder bool) error {
	r.t.Helper()
	next := *r
	if r.renewed++; ofHolder {
		next.phone = "137" + r.phone[3:]
		next.logIn()
	}
	next.bringUkey(r.Now().Add(30 * 24 * time.Hour))
	_, err := r.CreateOrder(r.t.Context(), next.who, noKey, flow.NewOrder{
		Serial: string(next.pair.Sign.Serial), Years: 1,
		Agent:   applicant.Person{Name: agentName, IDNumber: agentNumber, Phone: seal.Secret(next.phone), Email: seal.Secret(r.email)},
		Invoice: invoice.Buyer{Kind: invoice.General, Title: r.holder, TaxID: certtest.OrganisationCode},
	})
	return err
}

// 一次一张: of an account, of a holder or not at all, as the project wants it; a lead lets one order out of the way.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scope           string
		account, holder bool // is refused
	}{
		"of an account": {`"account"`, true, false},
		"of a holder":   {`"holder"`, true, true},
		"not at all":    {`"off"`, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.tx(func(_ context.Context, tx pg.Tx) error {
				return tx.Gorm().Exec("INSERT INTO project_setting (project_id, key, value, effective_from, created_at) VALUES (?, 'one_at_a_time', ?::jsonb, ?, ?)",
					h.project, c.scope, monday.Add(-time.Hour), monday).Error
			})
			r := h.online(30 * 24 * time.Hour)
			for _, want := range []struct{ ofHolder, refused bool }{{false, c.account}, {true, c.holder}} {
				if !want.refused {
					continue
				}
				err := r.another(want.ofHolder)
				refused(t, err, "one_at_a_time")
				require.Equal(t, r.no, fault.Of(err).Args["no"])
			}
			for _, bad := range []string{"", "  ", string(make([]rune, 501))} {
				require.True(t, fault.Is(h.UnblockOrder(t.Context(), h.reviewer, r.no, bad), fault.Invalid))
			}
			for range 2 {
				require.NoError(t, h.UnblockOrder(t.Context(), h.reviewer, r.no, "招标在即，两张同时办"))
			}
			require.Equal(t, 1, read[int](h, "SELECT count(*) FROM audit_entry WHERE action = 'order.unblocked'"))
			require.NoError(t, r.another(false))
			if c.scope != `"holder"` {
				require.NoError(t, r.another(true), "the second one blocks its own account only")
			}
		})
	}
	h := newHouse(t)
	r := h.online(time.Hour)
	r.change(func(g *order.Gates) error { return g.Close(order.ClosedUnpaid) })
	refused(t, h.UnblockOrder(t.Context(), h.reviewer, r.no, "x"), "order_closed")
}
