package flow_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

// endsAt lets a renewed pair end at a moment, as far as the inventory knows.
func (r *renewal) endsAt(at time.Time) {
	r.t.Helper()
	r.execute("UPDATE certificate_state SET not_after = ? WHERE pair_id = (SELECT new_pair_id FROM issuance_request WHERE order_id = ?)", at, r.order().ID)
}

func (h *house) execute(sql string, args ...any) {
	h.t.Helper()
	h.tx(func(_ context.Context, tx pg.Tx) error { return tx.Gorm().Exec(sql, args...).Error })
}

// The agent of the last order is reminded 60, 30 and 7 days before the end, each once, not by night; who comes late gets
// the latest only, and who is renewing or has renewed already gets none.
func TestExpiryReminders(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReviewByHand().approved().confirmed()
	h.work()
	end := h.Now().AddDate(0, 0, 61)
	r.endsAt(end)
	told := func() (out []string) {
		for _, m := range h.sms.to(r.phone, notify.ExpiryReminder) {
			require.Equal(t, r.pair.MediumNo, m.Params[0])
			out = append(out, m.Params[2])
		}
		return out
	}
	for _, step := range []struct {
		after time.Duration
		want  []string
	}{
		{0, nil},
		{36 * time.Hour, nil}, // 22:00 in Beijing
		{12 * time.Hour, []string{"59"}},
		{24 * time.Hour, []string{"59"}},
		{30 * 24 * time.Hour, []string{"59", "28"}},
		{23 * 24 * time.Hour, []string{"59", "28", "5"}},
		{24 * time.Hour, []string{"59", "28", "5"}},
		{9 * 24 * time.Hour, []string{"59", "28", "5"}},
	} {
		h.clock.move(step.after)
		for range 2 {
			require.NoError(t, h.SweepExpiring(t.Context()))
			h.work()
		}
		require.Equal(t, step.want, told(), step.after)
	}

	late := h.inReviewByHand().approved().confirmed()
	h.work()
	late.endsAt(h.Now().AddDate(0, 0, 5))
	require.NoError(t, h.SweepExpiring(t.Context()))
	h.work()
	require.Len(t, h.sms.to(late.phone, notify.ExpiryReminder), 1)
}

// A renewal that is under way, and a pair that has a successor or was revoked, silence the reminder.
func TestNoExpiryReminder(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReviewByHand().approved().confirmed()
	h.work()
	r.endsAt(h.Now().AddDate(0, 0, 20))
	pair := read[string](h, "SELECT new_pair_id FROM issuance_request WHERE order_id = ?", r.order().ID)
	h.execute("UPDATE certificate_state SET state = 'revoked' WHERE pair_id = ?", pair)
	require.NoError(t, h.SweepExpiring(t.Context()))
	require.Zero(t, read[int](h, "SELECT count(*) FROM certificate_reminder"))
	h.execute("UPDATE certificate_state SET state = 'active' WHERE pair_id = ?", pair)
	h.tx(func(ctx context.Context, tx pg.Tx) error {
		_, err := h.Orders.Create(ctx, tx, r.who, order.New{
			ProjectID: h.project, Kind: order.Renewal, Path: order.Online, OldPairID: uuid.MustParse(pair), Serial: "01", MediumNo: r.pair.MediumNo,
			CertType: "organisation", Years: 1, AmountFen: 20000, Holder: r.holder, OrgIDKind: r.pair.OrgIDKind, OrgIDNumber: r.pair.OrgIDNumber,
			Agent: order.Person{Name: "张敏", IDNumber: agentNumber, Phone: "13800000000", Email: "a@example.cn"},
		})
		return err
	})
	require.NoError(t, h.SweepExpiring(t.Context()))
	h.work()
	require.Empty(t, h.sms.to(r.phone, notify.ExpiryReminder))
	require.Equal(t, 1, read[int](h, "SELECT count(*) FROM certificate_reminder"), "it is not asked about again and again")
}
