package hotline

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/applicant"
	"caconsole/admin/audit"
	"caconsole/admin/board"
	"caconsole/admin/flow"
	"caconsole/admin/job"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/project"
	"caconsole/admin/seal"
	"caconsole/admin/throttle"
	"caconsole/rbac"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
)

const (
	unit       = "连云港市灌河口仪表有限责任公司"
	agentPhone = "13800002207"
	loginPhone = "13911112222"
)

// desk is the hotline on a database of its own with one order, made by somebody who is not its agent.
type desk struct {
	*pagetest.Site
	t    *testing.T
	flow *flow.Flow
	ring *seal.Ring
	room uuid.UUID // the project
	no   string
}

// unqueued drops jobs: nothing here waits for one.
type unqueued struct{}

func (unqueued) Enqueue(context.Context, pg.Tx, job.Args, ...job.Option) error { return nil }

func newDesk(t *testing.T, permissions ...string) *desk {
	t.Helper()
	db := pgtest.New(t)
	keys, err := seal.NewKeys()
	require.NoError(t, err)
	ring, err := seal.ParseKeys(keys)
	require.NoError(t, err)
	checkpoints, err := ring.CheckpointKey()
	require.NoError(t, err)
	now := func() time.Time { return pagetest.Now }
	due := func(context.Context, pg.Q, uuid.UUID, time.Time) (time.Time, error) { return pagetest.Now, nil }
	d := &desk{t: t, ring: ring, flow: &flow.Flow{
		DB: db, Now: now, Log: slog.New(slog.DiscardHandler), Jobs: unqueued{}, Audit: audit.New(db, checkpoints, now), Throttle: throttle.New(db, now),
		Board: board.New(db, now), Applicants: applicant.NewApplicants(ring), Orders: order.NewOrders(ring, now, due), Projects: &project.Projects{},
	}}
	d.open()
	d.Site = pagetest.New(t, permissions, func(r *page.Router) { Routes(r, Deps{Flow: d.flow}) })
	return d
}

func (d *desk) tx(fn func(ctx context.Context, tx pg.Tx) error) {
	d.t.Helper()
	require.NoError(d.t, d.flow.DB.InTx(d.t.Context(), fn))
}

func (d *desk) open() {
	d.t.Helper()
	d.tx(func(ctx context.Context, tx pg.Tx) error {
		p, err := d.flow.Projects.EnsureProject(ctx, tx, pagetest.Now.AddDate(-1, 0, 0))
		if err != nil {
			return err
		}
		d.room = p.ID
		who := uuid.New()
		phone, err := d.ring.Seal("applicant.phone", who, loginPhone)
		if err != nil {
			return err
		}
		err = tx.Gorm().Exec(`INSERT INTO applicant (id, phone_sealed, phone_index, phone_mask, created_at, last_login_at)
			VALUES (?, ?, ?, '139****2222', now(), now())`, who, phone, d.flow.Applicants.PhoneIndex(loginPhone)).Error
		if err != nil {
			return err
		}
		person := order.Person{Name: "张敏", IDNumber: "440106199001010026", Phone: agentPhone, Email: "lan@example.cn"}
		o, err := d.flow.Orders.Create(ctx, tx, actor.Job("test"), order.New{
			ProjectID: d.room, Kind: order.Renewal, Path: order.Reviewed, ApplicantID: who, OldPairID: uuid.New(), Serial: "1a", MediumNo: "3888",
			CertType: "organisation", Years: 1, AmountFen: 20000, Holder: unit, OrgIDKind: "uscc", OrgIDNumber: "91440300", Agent: person, Legal: person,
		})
		d.no = o.No
		return err
	})
}

// asked posts a question, as the box does.
func (d *desk) asked(q string) pagetest.Response {
	d.t.Helper()
	return d.Post("/hotline", url.Values{"q": {q}})
}

// The box posts what is typed, works without a script, and no address of the answer carries it.
func TestQuestionIsPosted(t *testing.T) {
	t.Parallel()
	d := newDesk(t, rbac.HotlineView)
	res := d.Get("/hotline")
	require.Contains(t, res.Body, `action="/hotline" method="post"`)
	require.Contains(t, res.Body, "等待来电")
	for _, q := range []string{agentPhone, loginPhone, "139 1111 2222", d.no, unit, "440106199001010026"} {
		res := d.asked(q)
		require.Equal(t, http.StatusOK, res.Status, q)
		require.Contains(t, res.Body, d.no, q)
		require.Contains(t, res.Body, "您的订单还缺资料", q)
		require.NotContains(t, strings.ReplaceAll(res.Body, `value="`+q+`"`, ""), "19900101", "no number but the one that was typed")
		if !flow.NamesPerson(q) {
			continue
		}
		for _, mark := range []string{`href="`, `action="`} {
			for _, at := range strings.Split(res.Body, mark)[1:] {
				require.NotContains(t, at[:strings.IndexByte(at, '"')], url.QueryEscape(q), "in an address")
			}
		}
	}
	require.Contains(t, d.asked("13700000000").Body, "没有找到订单")
	require.Contains(t, d.asked("张").Body, "输入太短")
	require.Contains(t, d.asked(" ").Body, "等待来电")
}

// The clerk reads the exact amount, of a difference too, off the card.
func TestExactAmountIsOnTheCard(t *testing.T) {
	t.Parallel()
	d := newDesk(t, rbac.HotlineView)
	require.Contains(t, d.asked(d.no).Body, "待缴 ¥200.00。")
	d.tx(func(ctx context.Context, tx pg.Tx) error {
		payments := payment.New(func() time.Time { return pagetest.Now })
		o, err := d.flow.Orders.Lock(ctx, tx, actor.Job("test"), d.no)
		if err != nil {
			return err
		}
		_, err = payments.Choose(ctx, tx, payment.Choice{OrderID: o.ID, OrderNo: o.No, Amount: 20000, Account: payment.Account{No: "1", Bank: "b", Name: "n"}})
		if err != nil {
			return err
		}
		if err := payments.Settle(ctx, tx, o.ID); err != nil {
			return err
		}
		if err := tx.Gorm().Exec("UPDATE orders SET amount_fen = 50000 WHERE no = ?", d.no).Error; err != nil {
			return err
		}
		_, err = d.flow.Orders.Change(ctx, tx, actor.Job("test"), d.no, "test.dearer", func(g *order.Gates) error {
			g.Payment, g.Kept = order.Awaiting, 20000
			return nil
		})
		return err
	})
	body := d.asked(d.no).Body
	require.Contains(t, body, "待缴差价 ¥300.00，已缴 ¥200.00。")
	require.Contains(t, body, "并补缴差价。")
}

// A link of another page may ask for an order, but a person's number in an address is not answered.
func TestPersonsNumberInAnAddress(t *testing.T) {
	t.Parallel()
	d := newDesk(t, rbac.HotlineView)
	require.Contains(t, d.Get("/hotline?q="+d.no).Body, "您的订单还缺资料")
	for _, q := range []string{agentPhone, loginPhone, "440106199001010026"} {
		res := d.Get("/hotline?q=" + q)
		require.Equal(t, http.StatusSeeOther, res.Status)
		require.Equal(t, "/hotline", res.Header.Get("Location"))
	}
}

func TestCallerIsCompared(t *testing.T) {
	t.Parallel()
	d := newDesk(t, rbac.HotlineView)
	check := func(last4 string) pagetest.Response {
		return d.Post("/hotline/"+d.no+"/check", url.Values{"q": {loginPhone}, "last4": {last4}})
	}
	require.Contains(t, check("0026").Body, "经办人本人")
	require.Contains(t, check("1234").Body, "与登记不一致")
	require.Equal(t, http.StatusUnprocessableEntity, check("12").Status)
	require.Contains(t, check("0026").Body, "经办人本人")
	require.Equal(t, http.StatusTooManyRequests, check("0026").Status, "a fourth try")
}

func TestHotlineNeedsItsPermission(t *testing.T) {
	t.Parallel()
	d := newDesk(t, rbac.QueueView)
	require.Equal(t, http.StatusForbidden, d.Get("/hotline").Status)
	require.Equal(t, http.StatusForbidden, d.asked(d.no).Status)
	require.Equal(t, http.StatusForbidden, d.Post("/hotline/"+d.no+"/check", nil).Status)
}

// Who does not update for a week is on the list until somebody has called; the number is shown to whoever calls, on
// record, and to nobody else.
func TestCallList(t *testing.T) {
	t.Parallel()
	d := newDesk(t, rbac.HotlineView)
	require.NotContains(t, d.Get("/hotline").Body, "待回访")
	require.Equal(t, http.StatusConflict, d.Post("/hotline/"+d.no+"/phone", nil).Status)
	d.tx(func(_ context.Context, tx pg.Tx) error {
		return tx.Gorm().Exec("UPDATE orders SET stage = 'update', stage_since = ? WHERE no = ?", pagetest.Now.AddDate(0, 0, -8), d.no).Error
	})
	res := d.Get("/hotline")
	for _, text := range []string{"待回访", d.no, unit, "8 天", "张**"} {
		require.Contains(t, res.Body, text)
	}
	require.NotContains(t, res.Body, agentPhone)
	require.Contains(t, d.Post("/hotline/"+d.no+"/phone", nil).Body, agentPhone)
	var seen int
	q := d.flow.DB.Read(t.Context()).Gorm()
	require.NoError(t, q.Raw("SELECT count(*) FROM audit_entry WHERE action = 'order.revealed' AND reason = 'call'").Row().Scan(&seen))
	require.Equal(t, 1, seen)
	require.Equal(t, http.StatusSeeOther, d.Post("/hotline/"+d.no+"/called", nil).Status)
	require.NotContains(t, d.Get("/hotline").Body, "待回访")
	require.Equal(t, http.StatusNotFound, d.Post("/hotline/R1/called", nil).Status)
}
