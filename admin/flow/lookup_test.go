package flow_test

import (
	"context"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/issuance/cert/certtest"
)

// What the hotline asked is on record: an order by its number, a person only by the blind index.
func TestLookupsAreOnRecord(t *testing.T) {
	t.Parallel()
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
	kind, entry = asked(agentNumber)
	require.Equal(t, flow.AskedPerson, kind)
	require.NotContains(t, entry, agentNumber)
}

// However it is typed, a question is understood and finds its order.
func TestLookupReadsWhatIsTyped(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.inReview().approved().confirmed()
	h.work()
	pair := read[uuid.UUID](h, "SELECT successor FROM certificate_state WHERE pair_id = ?", r.pair.ID)
	fresh, err := h.Issuance.Get(t.Context(), h.DB.Read(t.Context()), h.hotline, pair)
	require.NoError(t, err)
	old := string(r.pair.Sign.Serial)
	for text, want := range map[string]flow.Asked{
		r.no:                              flow.AskedOrder,
		" " + strings.ToLower(r.no) + " ": flow.AskedOrder,
		"+86 " + r.phone[:3] + " " + r.phone[3:7] + "-" + r.phone[7:]: flow.AskedPhone,
		"11010519491231002x":                     flow.AskedPerson,
		certtest.OrganisationCode:                flow.AskedOrg,
		"9144 0300 ma5da0000f":                   flow.AskedOrg,
		r.order().MediumNo:                       flow.AskedMedium,
		old:                                      flow.AskedSerial,
		strings.ToUpper(old[:4]) + ":" + old[4:]: flow.AskedSerial,
		"0x" + old:                               flow.AskedSerial,
		r.pair.Sign.Serial.Int().String():        flow.AskedSerial,
		string(r.pair.Enc.Serial):                flow.AskedSerial,
		string(fresh.Sign.Serial):                flow.AskedSerial,
		fresh.Enc.Serial.Int().String():          flow.AskedSerial,
		string([]rune(r.holder)[:2]):             flow.AskedHolder,
	} {
		asked, found, err := h.Lookup(t.Context(), h.hotline, text)
		require.NoError(t, err, text)
		require.Equal(t, want, asked, text)
		require.Len(t, found, 1, text)
		require.Equal(t, r.no, found[0].No, text)
	}
	for text, want := range map[string]flow.Asked{
		"110105194912310021": flow.AskedPerson, // a wrong check digit: still a person's, for all we know
		"ABC":                flow.AskedHolder,
		"10010":              flow.AskedHolder,
		"龘靐":                 flow.AskedHolder,
	} {
		asked, found, err := h.Lookup(t.Context(), h.hotline, text)
		require.NoError(t, err, text)
		require.Equal(t, want, asked, text)
		require.Empty(t, found, text)
	}
	for _, text := range []string{"", " ", "张"} {
		_, _, err := h.Lookup(t.Context(), h.hotline, text)
		require.Equal(t, "q", fieldOf(err), text)
	}
	const ofAnotherProject = "3889000000000017"
	h.tx(func(_ context.Context, tx pg.Tx) error {
		return tx.Gorm().Exec("UPDATE orders SET medium_no = ? WHERE no = ?", ofAnotherProject, r.no).Error
	})
	asked, found, err := h.Lookup(t.Context(), h.hotline, "3889 0000 0000 0017")
	require.NoError(t, err)
	require.Equal(t, flow.AskedMedium, asked)
	require.Len(t, found, 1)
	stranger := actor.Actor{Kind: actor.Staff, ID: h.hotline.ID, Projects: []uuid.UUID{uuid.New()}}
	_, found, err = h.Lookup(t.Context(), stranger, r.no)
	require.NoError(t, err)
	require.Empty(t, found, "another project's order does not exist")
}

// The phone one logs in by need not be the agent's: both find the order, and neither may stand in an address.
func TestLookupByTheLoginPhone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r, other := h.apply(), h.apply()
	h.tx(func(_ context.Context, tx pg.Tx) error { // the clerk's colleague is the agent
		return tx.Gorm().Exec("UPDATE orders SET agent_phone_index = ? WHERE no = ?", h.Orders.PhoneIndex("13911112222"), r.no).Error
	})
	for _, phone := range []string{r.phone, "139 1111 2222"} {
		asked, found, err := h.Lookup(t.Context(), h.hotline, phone)
		require.NoError(t, err)
		require.Equal(t, flow.AskedPhone, asked)
		require.Len(t, found, 1, phone)
		require.Equal(t, r.no, found[0].No)
		require.NotEqual(t, other.no, found[0].No)
		require.True(t, flow.NamesPerson(phone))
	}
	require.True(t, flow.NamesPerson("11010519491231002x"))
	for _, text := range []string{r.no, certtest.OrganisationCode, r.holder, r.order().MediumNo, ""} {
		require.False(t, flow.NamesPerson(text), text)
	}
}

// The hotline compares the last four characters without seeing them, a few times.
func TestCallerIsChecked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.apply()
	_, err := h.CheckCaller(t.Context(), h.hotline, r.no, "12a4")
	require.Equal(t, "last4", fieldOf(err))
	for typed, want := range map[string]bool{"002X": true, "002x": true, "0021": false} {
		same, err := h.CheckCaller(t.Context(), h.hotline, r.no, typed)
		require.NoError(t, err)
		require.Equal(t, want, same, typed)
	}
	_, err = h.CheckCaller(t.Context(), h.hotline, r.no, "002X")
	require.True(t, fault.HasKey(err, "too_many_attempts"), "%v", err)
	require.Equal(t, 2, read[int](h, "SELECT count(*) FROM audit_entry WHERE action = 'hotline.checked' AND outcome = 'ok'"))
	require.Equal(t, 1, read[int](h, "SELECT count(*) FROM audit_entry WHERE action = 'hotline.checked' AND outcome = 'refused'"))
	h.clock.move(10 * time.Minute)
	_, err = h.CheckCaller(t.Context(), h.hotline, r.no, "002X")
	require.NoError(t, err)

	c, err := h.Caller(t.Context(), h.hotline, r.no)
	require.NoError(t, err)
	require.Equal(t, "138****0001", c.Order.Agent.Phone)
	require.NotEmpty(t, c.Events)
}

func TestRevealIsOnRecordFirst(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.apply()
	_, err := h.Reveal(t.Context(), h.reviewer, r.no, order.FieldAgentPhone, "curious")
	require.Equal(t, "reason", fieldOf(err))
	require.Zero(t, read[int](h, "SELECT count(*) FROM audit_entry WHERE action = 'order.revealed'"))
	phone, err := h.Reveal(t.Context(), h.reviewer, r.no, order.FieldAgentPhone, "call")
	require.NoError(t, err)
	require.Equal(t, r.phone, phone.Reveal())
	entry := read[string](h, "SELECT reason || ' ' || details::text FROM audit_entry WHERE action = 'order.revealed'")
	require.Contains(t, entry, "call")
	require.Contains(t, entry, "agent_phone")
	require.NotContains(t, entry, r.phone)
	stranger := actor.Actor{Kind: actor.Staff, ID: h.reviewer.ID, Projects: []uuid.UUID{uuid.New()}}
	_, err = h.Reveal(t.Context(), stranger, r.no, order.FieldAgentPhone, "call")
	require.True(t, fault.HasKey(err, "order_unknown"), "%v", err)
}
