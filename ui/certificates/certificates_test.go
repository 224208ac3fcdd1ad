package certificates

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/board"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/issuance"
	"caconsole/issuance/cert/certtest"
	"caconsole/rbac"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
)

const (
	unit  = "阳江市海陵湾检修服务有限公司"
	other = "台山市澜石设备安装有限公司"
)

// A certificate is found by whatever is at hand: either serial as hex or decimal, with blanks, its medium, part of the
// name, the organisation's number; the tab is the one it stands in.
func TestList(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	now := func() time.Time { return pagetest.Now }
	certs, room := issuance.New(nil, now), uuid.New()
	ca := certtest.Authority(t).CA
	pairs := map[string]issuance.Pair{}
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
		if err := tx.Gorm().Exec("INSERT INTO project (id, code, name, created_at) VALUES (?, 'cgn', '中广核', now())", room).Error; err != nil {
			return err
		}
		for name, end := range map[string]time.Time{unit: pagetest.Now.AddDate(0, 0, 20), other: pagetest.Now.AddDate(0, -1, 0)} {
			p, err := certs.Import(ctx, tx, issuance.Import{
				ProjectID: room, MediumNo: "388800000000" + string("12"[len(pairs)]), Holder: name, OrgIDKind: "uscc", OrgIDNumber: certtest.OrganisationCode,
				Certs: certtest.NewHolder(t, ca, name, end).Pair,
			})
			if err != nil {
				return err
			}
			pairs[name] = p
		}
		return nil
	}))
	s := pagetest.New(t, []string{rbac.CertificateView}, func(r *page.Router) { Routes(r, Deps{Board: board.New(db, now), Now: now}) })
	p := pairs[unit]
	enc := strings.ToUpper(string(p.Enc.Serial))
	for name, c := range map[string]struct{ url, has, not string }{
		"valid":             {"/certificates", unit, other},
		"ends soon":         {"/certificates?tab=expiring", "20 天后到期", other},
		"ended":             {"/certificates?tab=expired", other, unit},
		"an unknown tab":    {"/certificates?tab=x", unit, other},
		"sign serial":       {"/certificates?number=" + string(p.Sign.Serial), unit, other},
		"enc serial, typed": {"/certificates?number=" + enc[:6] + "%20" + enc[6:], unit, other},
		"decimal":           {"/certificates?number=" + p.Sign.Serial.Int().String(), unit, other},
		"medium":            {"/certificates?number=" + p.MediumNo, unit, other},
		"name, in any tab":  {"/certificates?holder=澜石&tab=active", other, unit},
		"organisation":      {"/certificates?org=" + strings.ToLower(certtest.OrganisationCode), other, "没有找到证书"},
		"nothing":           {"/certificates?number=12ab", "没有找到证书", unit},
	} {
		res := s.Get(c.url)
		require.Equal(t, http.StatusOK, res.Status, name)
		require.Contains(t, res.Body, c.has, name)
		require.NotContains(t, res.Body, c.not, name)
	}
}
