package certificates

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/board"
	"caconsole/admin/flow"
	"caconsole/admin/job"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
	"caconsole/issuance/signer/signertest"
	"caconsole/rbac"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
)

// bureau is the area with two issuers and a pair they may revoke; jobs are only counted.
type bureau struct {
	t     *testing.T
	flow  *flow.Flow
	board *board.Board
	pair  issuance.Pair
	jobs  []job.Args
}

func (b *bureau) Enqueue(_ context.Context, _ pg.Tx, args job.Args, _ ...job.Option) error {
	b.jobs = append(b.jobs, args)
	return nil
}

// desk is one of them at a browser.
type desk struct {
	*pagetest.Site
	t      *testing.T
	person signertest.Person
	id     page.Identity
}

// Admit lets them in by what they may.
func (d *desk) Admit(context.Context, page.Admission) (page.Identity, error) { return d.id, nil }

func newBureau(t *testing.T) (*bureau, [2]*desk) {
	t.Helper()
	db, now := pgtest.New(t), func() time.Time { return pagetest.Now }
	b := &bureau{t: t, board: board.New(db, now)}
	b.flow = &flow.Flow{
		DB: db, Now: now, Jobs: b, Audit: audit.New(db, nil, now), Board: b.board, Issuance: issuance.New(nil, now), Orders: order.NewOrders(nil, now, nil),
	}
	ca, room := certtest.Authority(t), uuid.New()
	var desks [2]*desk
	registry := cert.Registry{V: cert.Version, Seq: 1, Officers: 1, Revoked: []string{}}
	officer := signertest.NewPerson(t, uuid.NewString(), "key_officer1", "0801", rbac.KeyOfficer)
	registry.Keys = append(registry.Keys, officer.Entry(pagetest.Now))
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
		if err := tx.Gorm().Exec("INSERT INTO project (id, code, name, created_at) VALUES (?, 'cgn', '中广核', now())", room).Error; err != nil {
			return err
		}
		for i, name := range []string{"何俊", "罗雪梅"} {
			id, login := uuid.New(), "issuer"+string(rune('1'+i))
			p := signertest.NewPerson(t, id.String(), login, "041"+string(rune('1'+i)), rbac.Issuer)
			registry.Keys = append(registry.Keys, p.Entry(pagetest.Now))
			err := tx.Gorm().Exec("INSERT INTO staff (id, login, name, no, state, on_duty, all_projects, created_at, updated_at) VALUES (?, ?, ?, ?, 'active', true, true, now(), now())", id, login, name, p.No).Error
			if err != nil {
				return err
			}
			desks[i] = &desk{t: t, person: p, id: page.Identity{Name: name, No: p.No, Roles: []string{rbac.Issuer}, Actor: actor.Actor{
				Kind: actor.Staff, ID: id, Name: login, AllProjects: true, Permissions: map[string]bool{rbac.CertificateView: true, rbac.CertificateRevoke: true},
			}}}
		}
		chain := cert.Chain{CA: ca.CA.Cert.Raw, Root: ca.Root.Cert.Raw, Profile: cert.OrganisationProfile("http://localhost:8080").Canonical(), SoftwareKeys: true}
		if err := b.flow.Issuance.KeepAuthority(ctx, tx, chain); err != nil {
			return err
		}
		if err := b.flow.Issuance.KeepRegistry(ctx, tx, cert.RegistryState{Registry: registry.Canonical()}); err != nil {
			return err
		}
		var err error
		b.pair, err = b.flow.Issuance.Import(ctx, tx, issuance.Import{
			ProjectID: room, MediumNo: "3888000000000001", Holder: unit, OrgIDKind: "uscc", OrgIDNumber: certtest.OrganisationCode,
			Certs: certtest.NewHolder(t, ca.CA, unit, pagetest.Now.AddDate(1, 0, 0)).Pair,
		})
		return err
	}))
	for _, d := range desks {
		d.Site = pagetest.NewWith(t, nil, func(deps *page.Deps) { deps.Guard = d }, func(r *page.Router) { Routes(r, Deps{Flow: b.flow, Board: b.board, Now: now}) })
	}
	return b, desks
}

// sign asks what to sign and signs it, as the page's script does.
func (d *desk) sign(at string, form url.Values) url.Values {
	d.t.Helper()
	res := d.Post(at, form)
	require.Equal(d.t, http.StatusOK, res.Status, res.Body)
	var ask struct {
		At      string `json:"at"`
		Message []byte `json:"message"`
	}
	require.NoError(d.t, json.Unmarshal([]byte(res.Body), &ask))
	signature, err := d.person.Key.Sign(rand.Reader, ask.Message, sm2.DefaultSM2SignerOpts)
	require.NoError(d.t, err)
	approval, err := json.Marshal(map[string]any{"at": ask.At, "kind": cert.KindSM2, "signature": signature})
	require.NoError(d.t, err)
	out := url.Values{"approval": {string(approval)}}
	for k, v := range form {
		out[k] = v
	}
	return out
}

// TestRevokedByTwo: the first person fills in and signs, the second sees it in the list and on its page, and signs too.
func TestRevokedByTwo(t *testing.T) {
	t.Parallel()
	b, desks := newBureau(t)
	first, second := desks[0], desks[1]
	serial := string(b.pair.Sign.Serial)
	at := "/certificates/" + serial
	require.Contains(t, first.Get(at).Body, `href="`+at+`/revoke"`)
	require.Contains(t, first.Get(at+"/revoke").Body, `data-sign="`+at+`/revoke/to-sign"`)
	form := url.Values{"reason": {"1"}, "asked_by": {"holder"}, "grounds": {"来函 2026-118 号"}, "typed": {serial[len(serial)-4:]}}

	for name, c := range map[string]struct{ field, value, says string }{
		"not the serial": {"typed", "0000", "与签名证书序列号的后 4 位不符"},
		"no reason":      {"reason", "", "格式不对"},
		"no grounds":     {"grounds", "", "必须填写"},
		"not signed":     {"typed", form.Get("typed"), "需要用本人的签名密钥签名"},
	} {
		wrong := url.Values{}
		for k, v := range form {
			wrong[k] = v
		}
		wrong.Set(c.field, c.value)
		res := first.Post(at+"/revoke", wrong)
		require.Equal(t, http.StatusUnprocessableEntity, res.Status, name)
		require.Contains(t, res.Body, c.says, name)
		if c.field != "grounds" {
			require.Contains(t, res.Body, "来函 2026-118 号", "%s: what was typed is kept", name)
		}
	}
	res := first.Post(at+"/revoke", first.sign(at+"/revoke/to-sign", form))
	require.Equal(t, http.StatusSeeOther, res.Status, res.Body)
	one := res.Header.Get("Location")
	require.True(t, strings.HasPrefix(one, "/certificates/revocations/"), one)
	require.Contains(t, first.Get(at+"/revoke").Body, "已有一份进行中的吊销申请")

	own := first.Get(one).Body
	require.Contains(t, own, "复核须由另一位同事完成")
	require.NotContains(t, own, one+"/check")
	require.Equal(t, http.StatusConflict, first.Post(one+"/check", url.Values{}).Status)
	require.Contains(t, second.Get("/certificates/revocations").Body, unit)
	seen := second.Get(one).Body
	for _, has := range []string{serial, string(b.pair.Enc.Serial), "keyCompromise", "证书持有单位", "来函 2026-118 号", "何俊 0411", `data-sign="` + one + `/to-sign"`} {
		require.Contains(t, seen, has)
	}
	require.Equal(t, http.StatusUnprocessableEntity, second.Post(one+"/refuse", url.Values{"words": {" "}}).Status)
	require.Equal(t, http.StatusUnprocessableEntity, second.Post(one+"/check", url.Values{}).Status, "not signed")
	require.Empty(t, b.jobs)
	require.Equal(t, http.StatusSeeOther, second.Post(one+"/check", second.sign(one+"/to-sign", url.Values{})).Status)
	require.Len(t, b.jobs, 1)
	require.Contains(t, first.Get("/certificates/revocations?tab=busy").Body, unit)
	require.Equal(t, http.StatusConflict, second.Post(one+"/refuse", url.Values{"words": {"太晚"}}).Status)
	require.Equal(t, http.StatusConflict, first.Post(one+"/withdraw", url.Values{}).Status)
	require.Equal(t, http.StatusNotFound, second.Get("/certificates/revocations/x").Status)
}

// The second person says no, or the first takes it back: the pair stays as it is and may be asked for again.
func TestRevocationThatIsNotToBe(t *testing.T) {
	t.Parallel()
	b, desks := newBureau(t)
	first, second := desks[0], desks[1]
	serial := string(b.pair.Sign.Serial)
	at := "/certificates/" + serial + "/revoke"
	form := url.Values{"reason": {"4"}, "asked_by": {"house"}, "grounds": {"重复签发"}, "typed": {serial[len(serial)-4:]}}
	for _, c := range []struct {
		by        *desk
		act, says string
	}{{second, "refuse", "没有重复"}, {first, "withdraw", "已撤回"}} {
		one := first.Post(at, first.sign(at+"/to-sign", form)).Header.Get("Location")
		require.Equal(t, http.StatusSeeOther, c.by.Post(one+"/"+c.act, url.Values{"words": {"没有重复"}}).Status, c.act)
		require.Contains(t, second.Get(one).Body, c.says)
		require.Contains(t, second.Get("/certificates/revocations?tab=refused").Body, c.says)
	}
	require.Empty(t, b.jobs)
	require.Contains(t, first.Get(at).Body, "签名并提交复核")
}

// Lists: none yet, and no file of one that is not there.
func TestListsPage(t *testing.T) {
	t.Parallel()
	_, desks := newBureau(t)
	require.Contains(t, desks[0].Get("/certificates/crl").Body, "还没有签发第一份吊销列表")
	for _, number := range []string{"1", "0", "x", "-1"} {
		require.Equal(t, http.StatusNotFound, desks[0].Get("/certificates/crl/"+number+"/file").Status, number)
	}
}
