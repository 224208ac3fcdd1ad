package main

import (
	"context"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A demo that is killed, even in the middle of making its data, starts again with what it had, and its audit trail holds.
func TestDemoSurvivesKill(t *testing.T) {
	h := newHouse(t, "--orders", "6", "--certificates", "2")
	before := h.table("staff.tsv")
	orders := allOrders(h)
	require.NotEmpty(t, orders)

	h.stop(syscall.SIGKILL)
	h.start("--orders", "6", "--certificates", "2")
	require.Equal(t, before, h.table("staff.tsv"), "the same people with the same secrets")
	require.Subset(t, allOrders(h), orders, "no order is lost")
	require.Len(t, h.table("certificates.tsv"), 2*2, "two of each path")

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	printed, err := h.run(ctx, "caconsole", "audit", "verify")
	require.NoError(t, err, printed)
}

// allOrders lists the order numbers on the first page of the order list.
func allOrders(h *house) []string {
	h.t.Helper()
	lead := h.logIn("review_lead", 0)
	return unique(orderNo.FindAllString(lead.get("/orders?size=100"), -1))
}

func unique(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}
