package flow_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/identity"
	"caconsole/admin/order"
)

// A link runs out, the agent takes a new one before the sweep has ended the first: the gate waits for the new one.
func TestOldTryEndsBesideANewOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.apply().papers()
	first := r.begun()
	h.clock.move(31 * time.Minute)
	second := r.begun()
	require.NotEqual(t, first, second)
	h.face.answer(identity.Result{}, nil)
	require.NoError(t, h.IdentityResult(t.Context(), first))
	require.Equal(t, order.Pending, r.order().Gates.Identity)
	h.face.answer(passed(agentName, agentNumber), nil)
	require.NoError(t, h.IdentityResult(t.Context(), second))
	require.Equal(t, order.Passed, r.order().Gates.Identity)
}

// A vendor that has forgotten a token refuses it: the try ends when its link has run out, not before.
func TestForgottenToken(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.apply().papers()
	try := r.begun()
	h.face.answer(identity.Result{}, fault.New(fault.Invalid, "identity_vendor_refused", nil))
	require.Error(t, h.IdentityResult(t.Context(), try))
	require.Equal(t, order.Pending, r.order().Gates.Identity)
	h.clock.move(31 * time.Minute)
	require.NoError(t, h.IdentityResult(t.Context(), try))
	require.Equal(t, order.State(identity.Expired), r.order().Gates.Identity)
}
