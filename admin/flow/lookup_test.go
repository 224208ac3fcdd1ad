package flow_test

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/admin/flow"
)

// What the hotline asked is on record: an order by its number, a person only by the blind index.
func TestLookupsAreOnRecord(t *testing.T) {
	h := newHouse(t)
	r := h.apply()
	asked := func(text string) (flow.Asked, string) {
		kind, found, err := h.Lookup(t.Context(), h.hotline, text)
		require.NoError(t, err)
		require.Len(t, found, 1)
		return kind, read[string](h, "SELECT details::text FROM audit_entry WHERE action = 'hotline.lookup' ORDER BY at DESC, id DESC LIMIT 1")
	}
	kind, entry := asked(r.no)
	require.Equal(t, flow.AskedOrder, kind)
	require.Contains(t, entry, r.no)
	kind, entry = asked(r.phone)
	require.Equal(t, flow.AskedPhone, kind)
	require.Contains(t, entry, hex.EncodeToString(h.Orders.PhoneIndex(r.phone)))
	require.NotContains(t, entry, r.phone)
	kind, entry = asked(r.holder)
	require.Equal(t, flow.AskedHolder, kind)
	require.NotContains(t, entry, r.holder)
}
