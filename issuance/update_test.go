package issuance_test

import (
	"encoding/pem"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance"
	"caconsole/issuance/cert"
)

func (b bench) start(t *testing.T, serial cert.Serial) (issuance.Update, error) {
	t.Helper()
	var u issuance.Update
	err := b.try(t, func(tx pg.Tx) (err error) { u, err = b.StartUpdate(t.Context(), tx, string(serial), nil); return err })
	return u, err
}

func (b bench) prove(t *testing.T, id uuid.UUID, signature []byte) (string, issuance.Update, error) {
	t.Helper()
	var token string
	var u issuance.Update
	err := b.try(t, func(tx pg.Tx) (err error) { token, u, err = b.Prove(t.Context(), tx, id, signature); return err })
	return token, u, err
}

func (b bench) confirm(t *testing.T, id uuid.UUID, token, step string) (issuance.Update, error) {
	t.Helper()
	var u issuance.Update
	err := b.try(t, func(tx pg.Tx) (err error) { u, err = b.Confirm(t.Context(), tx, id, token, step); return err })
	return u, err
}

func (b bench) session(t *testing.T, r renewal, serial cert.Serial) (issuance.Update, string) {
	t.Helper()
	u, err := b.start(t, serial)
	require.NoError(t, err)
	token, u, err := b.prove(t, u.ID, sign(t, r.holder.SignKey, u.ToSign))
	require.NoError(t, err)
	require.True(t, u.Proved)
	return u, token
}

func TestDriverCollectsAndConfirms(t *testing.T) {
	b := setup(t)
	r := b.renewal(t, "中测试核电有限公司")
	_, err := b.start(t, r.old.Sign.Serial)
	require.True(t, fault.HasKey(err, "update_none"), "%v", err)

	b.authorised(t, r)
	u, token := b.session(t, r, r.old.Enc.Serial)
	require.Equal(t, issuance.StateWaiting, u.State)
	require.Equal(t, r.no, u.OrderNo)
	_, err = b.Package(t.Context(), b.q(t), u.ID, token)
	require.True(t, fault.HasKey(err, "update_not_ready"), "%v", err)
	_, err = b.confirm(t, u.ID, token, issuance.StepSign)
	require.True(t, fault.HasKey(err, "update_not_ready"), "%v", err)

	p := b.recorded(t, r)
	pack, err := b.Package(t.Context(), b.q(t), u.ID, token)
	require.NoError(t, err)
	again, err := b.Package(t.Context(), b.q(t), u.ID, token)
	require.NoError(t, err)
	require.Equal(t, pack, again)
	var ders [][]byte
	for rest := pack.Content; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		ders = append(ders, block.Bytes)
	}
	require.Equal(t, [][]byte{p.Sign.DER, p.Enc.DER, b.Bench.Chain.CA, b.Bench.Chain.Root}, ders)

	_, err = b.confirm(t, u.ID, token, issuance.StepEnc)
	require.True(t, fault.HasKey(err, "step_out_of_order"), "%v", err)
	_, err = b.confirm(t, u.ID, token, "pin")
	require.True(t, hasField("step_unknown")(err), "%v", err)
	for range 2 {
		u, err = b.confirm(t, u.ID, token, issuance.StepSign)
		require.NoError(t, err)
		require.Equal(t, issuance.StateImporting, u.State)
	}

	// Half-way, on another PC: the Ukey already shows the new sign certificate, on the same key.
	u, token = b.session(t, r, p.Sign.Serial)
	require.Equal(t, issuance.StateImporting, u.State)
	for range 2 {
		u, err = b.confirm(t, u.ID, token, issuance.StepEnc)
		require.NoError(t, err)
		require.Equal(t, issuance.StateConfirmed, u.State)
	}
	old, err := b.Get(t.Context(), b.q(t), actor.Job("test"), r.old.ID)
	require.NoError(t, err)
	require.Equal(t, issuance.Renewed, old.State)
	for _, serial := range []cert.Serial{r.old.Sign.Serial, p.Sign.Serial} {
		_, err = b.start(t, serial)
		require.True(t, fault.HasKey(err, "already_updated"), "%v", err)
	}
}

func TestProofMustBeTheUkeys(t *testing.T) {
	b := setup(t)
	r, other := b.renewal(t, "中测试核电有限公司"), b.renewal(t, "另一家有限公司")
	b.authorised(t, r)
	u, err := b.start(t, r.old.Sign.Serial)
	require.NoError(t, err)
	second, err := b.start(t, r.old.Sign.Serial)
	require.NoError(t, err)
	require.NotEqual(t, u.ToSign, second.ToSign)
	for name, signature := range map[string][]byte{
		"another Ukey":    sign(t, other.holder.SignKey, u.ToSign),
		"encryption key":  sign(t, r.holder.EncKey, u.ToSign),
		"another session": sign(t, r.holder.SignKey, second.ToSign),
		"nothing":         nil,
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := b.prove(t, u.ID, signature)
			require.True(t, fault.HasKey(err, "signature_wrong"), "%v", err)
		})
	}
	token, _, err := b.prove(t, u.ID, sign(t, r.holder.SignKey, u.ToSign))
	require.NoError(t, err, "a wrong try does not burn the session")
	_, _, err = b.prove(t, u.ID, sign(t, r.holder.SignKey, u.ToSign))
	require.True(t, fault.HasKey(err, "update_proved"), "%v", err)

	for name, c := range map[string]struct {
		id    uuid.UUID
		token string
	}{"wrong token": {u.ID, "x"}, "no token": {u.ID, ""}, "another session's": {second.ID, token}} {
		t.Run(name, func(t *testing.T) {
			_, err := b.Session(t.Context(), b.q(t), c.id, c.token)
			require.True(t, fault.HasKey(err, "update_token_wrong"), "%v", err)
		})
	}
	_, err = b.Session(t.Context(), b.q(t), uuid.New(), token)
	require.True(t, fault.HasKey(err, "update_unknown"), "%v", err)

	*b.clock = now.Add(11 * time.Minute)
	_, _, err = b.prove(t, second.ID, sign(t, r.holder.SignKey, second.ToSign))
	require.True(t, fault.HasKey(err, "update_expired"), "%v", err)
	*b.clock = now.Add(25 * time.Hour)
	_, err = b.Session(t.Context(), b.q(t), u.ID, token)
	require.True(t, fault.HasKey(err, "update_token_wrong"), "%v", err)
}

func TestRevokedPairStaysRevoked(t *testing.T) {
	b := setup(t)
	r := b.renewal(t, "中测试核电有限公司")
	b.recorded(t, r)
	u, token := b.session(t, r, r.old.Sign.Serial)
	b.tx(t, func(tx pg.Tx) error {
		return tx.Gorm().Exec("UPDATE certificate_state SET state = 'revoked' WHERE pair_id = ?", r.old.ID).Error
	})
	for _, step := range []string{issuance.StepSign, issuance.StepEnc} {
		_, err := b.confirm(t, u.ID, token, step)
		require.NoError(t, err)
	}
	old, err := b.Get(t.Context(), b.q(t), actor.Job("test"), r.old.ID)
	require.NoError(t, err)
	require.Equal(t, issuance.Revoked, old.State)
}
