package issuance_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
)

// keyCentre is a key centre in memory; down for as long as down says.
type keyCentre struct {
	certtest.Centre
	t     *testing.T
	down  bool
	asked int
}

func (k *keyCentre) Apply(_ context.Context, in issuance.KeyApplication) (issuance.KeyAnswer, error) {
	k.asked++
	if k.down {
		return issuance.KeyAnswer{}, fault.Down("kmc_unavailable", time.Second, nil)
	}
	key, err := cert.ParseKey(in.SignKey)
	require.NoError(k.t, err)
	e, _ := k.Evidence(k.t, in.RequestID.String(), key)
	return issuance.KeyAnswer{Evidence: e, Sent: []byte("sent"), Received: []byte("received")}, nil
}

func TestKeyOfTheCentreIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.renewal(t, "中测试核电有限公司")
	spki, err := cert.EncodeKey(r.holder.SignKey.Public())
	require.NoError(t, err)
	k := issuance.KeyApplication{
		RequestID: uuid.New(), OrderID: r.orderID, AuthorisationID: b.authorised(t, r).ID, SignKey: spki, UserID: certtest.OrganisationCode, NotBefore: now, NotAfter: now.AddDate(1, 0, 0),
	}
	_, err = b.AskKey(t.Context(), b.q(t), k.RequestID)
	require.True(t, fault.HasKey(err, "kmc_key_unknown"), "nobody applied: %v", err)
	apply := func(k issuance.KeyApplication) error {
		return b.try(t, func(tx pg.Tx) error { return b.ApplyForKey(t.Context(), tx, k) })
	}
	require.NoError(t, apply(k))
	require.NoError(t, apply(k), "the same again")
	other := k
	other.UserID = "another"
	require.True(t, fault.HasKey(apply(other), "kmc_id_reused"))

	_, err = b.AskKey(t.Context(), b.q(t), k.RequestID)
	require.True(t, fault.Is(err, fault.Unavailable), "there is no centre yet: %v", err)
	centre := &keyCentre{Centre: certtest.NewCentre(t), t: t, down: true}
	b.UseKeyCentre(centre)
	_, err = b.AskKey(t.Context(), b.q(t), k.RequestID)
	require.True(t, fault.HasKey(err, "kmc_unavailable"), "%v", err)
	centre.down = false
	a, err := b.AskKey(t.Context(), b.q(t), k.RequestID)
	require.NoError(t, err)

	require.True(t, fault.HasKey(b.try(t, func(tx pg.Tx) error { return b.KeepKey(t.Context(), tx, uuid.New(), a) }), "kmc_mismatch"))
	b.tx(t, func(tx pg.Tx) error { return b.KeepKey(t.Context(), tx, k.RequestID, a) })
	later, _ := centre.Apply(t.Context(), k)
	b.tx(t, func(tx pg.Tx) error { return b.KeepKey(t.Context(), tx, k.RequestID, later) })
	asked := centre.asked
	kept, err := b.AskKey(t.Context(), b.q(t), k.RequestID)
	require.NoError(t, err)
	require.Equal(t, a, kept, "the first answer counts, messages and all")
	require.Equal(t, asked, centre.asked, "and is not asked for again")
}
