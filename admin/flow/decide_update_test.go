package flow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/order"
)

// A renewal nobody fetches is a lead's to decide about after 30 days, called or not: more time, then again; or no more.
func TestUnfetchedUpdateIsDecided(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.issued()
	lead := h.reviewer
	undecided := func() int {
		list, err := h.Undecided(t.Context(), lead)
		require.NoError(t, err)
		return len(list)
	}
	calls := func() int {
		list, err := h.CallList(t.Context(), h.hotline)
		require.NoError(t, err)
		return len(list)
	}
	decide := func(d order.Decision, reason string) error {
		return h.DecideUpdate(t.Context(), lead, r.no, d, reason)
	}
	h.clock.move(29 * 24 * time.Hour)
	require.NoError(t, h.Called(t.Context(), h.hotline, r.no))
	require.Zero(t, undecided())
	require.True(t, fault.HasKey(decide(order.Extend, "出差"), "update_not_overdue"))

	h.clock.move(25 * time.Hour)
	list, err := h.Undecided(t.Context(), lead)
	require.NoError(t, err)
	require.Len(t, list, 1, "although its agent was called")
	require.True(t, list[0].Called)
	require.NotEmpty(t, list[0].NewSerial)
	require.Equal(t, []int{30, 30}, []int{list[0].Days, list[0].Extend})
	for field, err := range map[string]error{
		"decision": decide("burn", "出差"), "reason": decide(order.Extend, " "),
	} {
		require.Equal(t, field, fault.Of(err).Fields[0].Name)
	}
	require.True(t, fault.Is(decide(order.Rest, strings.Repeat("长", 501)), fault.Invalid))

	require.Zero(t, calls())
	require.NoError(t, decide(order.Extend, "经办人出差"))
	require.Zero(t, undecided())
	require.Equal(t, 1, calls(), "and is called again")
	h.clock.move(30*24*time.Hour + time.Minute)
	require.Equal(t, 1, undecided())
	require.NoError(t, decide(order.Rest, "单位自行处理"))
	require.Zero(t, undecided())
	require.Zero(t, calls())
	require.Equal(t, order.StageUpdate, r.order().Stage, "it may still be fetched")
	require.Equal(t, 2, read[int](h, "SELECT count(*) FROM audit_entry WHERE action IN ('update.extend', 'update.rest')"))
}
