package issuance_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
)

func TestFindByAnySerialOfThePair(t *testing.T) {
	b := setup(t)
	_, p := b.imported(t, "中测试核电有限公司")
	b.imported(t, "另一家有限公司")
	for name, in := range map[string]string{
		"sign":    string(p.Sign.Serial),
		"enc":     strings.ToUpper(string(p.Enc.Serial)),
		"decimal": p.Sign.Serial.Int().String(),
		"spaced":  " " + string(p.Sign.Serial)[:8] + " " + string(p.Sign.Serial)[8:],
	} {
		t.Run(name, func(t *testing.T) {
			got, err := b.Find(t.Context(), b.q(t), actor.Job("test"), in)
			require.NoError(t, err)
			require.Equal(t, p.ID, got.ID)
			require.Equal(t, issuance.SM2, got.Algorithm)
			require.Equal(t, issuance.Active, got.State)
			require.True(t, got.Expired(now))
			require.Equal(t, p.DER(), got.DER())
		})
	}
	other := actor.Actor{Kind: actor.Staff, Projects: []uuid.UUID{uuid.New()}}
	for name, c := range map[string]struct {
		a     actor.Actor
		in    string
		check func(error) bool
	}{
		"outside the scope": {other, string(p.Sign.Serial), func(err error) bool { return fault.HasKey(err, "serial_unknown") }},
		"unknown":           {actor.Job("test"), "4b1f00c2a9", func(err error) bool { return fault.HasKey(err, "serial_unknown") }},
		"medium typed":      {actor.Job("test"), p.MediumNo, hasField("medium_not_serial")},
		"rubbish":           {actor.Job("test"), "hello", hasField("serial_malformed")},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.Find(t.Context(), b.q(t), c.a, c.in)
			require.True(t, c.check(err), "%v", err)
		})
	}
	_, err := b.Get(t.Context(), b.q(t), other, p.ID)
	require.True(t, fault.HasKey(err, "serial_unknown"))
}

func hasField(key string) func(error) bool {
	return func(err error) bool {
		f := fault.Of(err)
		return len(f.Fields) == 1 && f.Fields[0].Key == key && f.Fields[0].Name != ""
	}
}

func TestImportRefuses(t *testing.T) {
	b := setup(t)
	h, _ := b.imported(t, "中测试核电有限公司")
	other := b.Holder(t, "另一家有限公司", now)
	for name, c := range map[string]struct {
		certs cert.Pair
		want  string
	}{
		"the same again":   {h.Pair, "certificate_known"},
		"garbage":          {cert.Pair{Sign: []byte("x"), Enc: h.Pair.Enc}, "certificate_unreadable"},
		"two holders":      {cert.Pair{Sign: other.Pair.Sign, Enc: h.Pair.Enc}, "old_pair_unusable"},
		"half a pair":      {cert.Pair{Sign: other.Pair.Sign}, "old_pair_unusable"},
		"one cert as both": {cert.Pair{Sign: other.Pair.Sign, Enc: other.Pair.Sign}, "old_pair_unusable"},
	} {
		t.Run(name, func(t *testing.T) {
			err := b.try(t, func(tx pg.Tx) error {
				_, err := b.Import(t.Context(), tx, issuance.Import{
					ProjectID: b.project, MediumNo: "3888", Holder: "h", OrgIDKind: "uscc", OrgIDNumber: certtest.OrganisationCode, Certs: c.certs,
				})
				return err
			})
			require.True(t, fault.HasKey(err, c.want), "%v", err)
		})
	}
}

func TestCertificatesAreAppendOnly(t *testing.T) {
	b := setup(t)
	_, p := b.imported(t, "中测试核电有限公司")
	for _, sql := range []string{"UPDATE certificate SET holder = 'x' WHERE pair_id = ?", "DELETE FROM certificate WHERE pair_id = ?", "DELETE FROM certificate_state WHERE pair_id = ?"} {
		err := b.try(t, func(tx pg.Tx) error { return tx.Gorm().Exec(sql, p.ID).Error })
		require.ErrorContains(t, err, "permission denied")
	}
}

func TestBoardsReadNoUpdateSecrets(t *testing.T) {
	b := setup(t)
	var n int
	require.NoError(t, b.db.ReadOnly(t.Context()).Gorm().Raw("SELECT count(*) FROM issuance_request").Scan(&n).Error)
	require.ErrorContains(t, b.db.ReadOnly(t.Context()).Gorm().Raw("SELECT count(*) FROM update_session").Scan(&n).Error, "permission denied")
}

func TestValidUntil(t *testing.T) {
	b := setup(t)
	_, p := b.imported(t, "中测试核电有限公司")
	end, err := b.ValidUntil(t.Context(), b.q(t), p, 2)
	require.NoError(t, err)
	require.Equal(t, "2028-11-22T15:59:59Z", cert.FormatTime(end))
	*b.clock = now.AddDate(11, 0, 0)
	_, err = b.ValidUntil(t.Context(), b.q(t), p, 2)
	require.True(t, fault.HasKey(err, "validity_beyond_ca"), "%v", err)
}

func TestAuthorityFollowsTheSigner(t *testing.T) {
	b := setup(t)
	next := certtest.Authority(t)
	chain := b.Bench.Chain
	b.tx(t, func(tx pg.Tx) error {
		changed := chain
		changed.CA, changed.Root = next.CA.Cert.Raw, next.Root.Cert.Raw
		other := cert.OrganisationProfile("https://another.example") // numbered from 1 again
		changed.Profile, changed.Profiles = other.Canonical(), [][]byte{other.Canonical()}
		return b.KeepAuthority(t.Context(), tx, changed)
	})
	a, err := b.Authority(t.Context(), b.q(t))
	require.NoError(t, err)
	require.Equal(t, next.CA.Cert.Raw, a.CA)
	b.tx(t, func(tx pg.Tx) error { return b.KeepAuthority(t.Context(), tx, chain) })
	a, err = b.Authority(t.Context(), b.q(t))
	require.NoError(t, err)
	require.Equal(t, chain.CA, a.CA)
	require.True(t, a.Rules.SoftwareKeys)
}
