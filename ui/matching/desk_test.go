package matching

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/board"
	"caconsole/admin/flow"
	"caconsole/admin/invoice"
	"caconsole/admin/job"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/project"
	"caconsole/admin/seal"
	"caconsole/admin/seal/folder"
	"caconsole/rbac"
	"caconsole/reconcile"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
	"caconsole/ui/statements"
)

const payer = "阳江市海陵湾检修服务有限公司"

// quiet takes jobs and runs none.
type quiet struct{}

func (quiet) Enqueue(context.Context, pg.Tx, river.JobArgs, ...job.Option) error { return nil }

// office is finance's two areas on a database of their own, with one order that awaits its transfer.
type office struct {
	flow  *flow.Flow
	board *board.Board
	order order.Order
}

func newOffice(t *testing.T) *office {
	t.Helper()
	db := pgtest.New(t)
	keys, err := seal.NewKeys()
	require.NoError(t, err)
	ring, err := seal.ParseKeys(keys)
	require.NoError(t, err)
	checkpoints, err := ring.CheckpointKey()
	require.NoError(t, err)
	clock := func() time.Time { return pagetest.Now }
	blobs, err := folder.Open(t.TempDir(), clock)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, blobs.Close()) })
	vault := seal.Vault{Ring: ring, Blobs: blobs}
	due := func(context.Context, pg.Q, uuid.UUID, time.Time) (time.Time, error) { return pagetest.Now, nil }
	f := &flow.Flow{
		DB: db, Now: clock, Log: slog.New(slog.DiscardHandler), Jobs: quiet{}, Audit: audit.New(db, checkpoints, clock),
		Ledger: reconcile.New(db, vault, clock, order.ValidNo), Invoices: invoice.New(db, vault, nil, clock),
		Messages: notify.New(notify.Options{DB: db, Ring: ring, Jobs: quiet{}, Now: clock}),
		Orders:   order.NewOrders(ring, clock, due), Payments: payment.New(clock), Projects: &project.Projects{},
	}
	o := &office{flow: f, board: board.New(db, clock)}
	require.NoError(t, db.InTx(t.Context(), o.seed))
	return o
}

// seed makes the visitor of pagetest, a project with its account, and an order.
func (o *office) seed(ctx context.Context, tx pg.Tx) error {
	a, f, project := actor.Job("test"), o.flow, uuid.New()
	err := tx.Gorm().Exec(`INSERT INTO staff (id, login, name, no, state, on_duty, all_projects, created_at, updated_at)
		VALUES ('01930000-0000-7000-8000-000000000217', 'finance', '陈志强', '0305', 'active', true, true, now(), now())`).Error
	if err != nil {
		return err
	}
	if err := tx.Gorm().Exec("INSERT INTO project (id, code, name, created_at) VALUES (?, 'cgn', '中广核', now())", project).Error; err != nil {
		return err
	}
	account := reconcile.Account{ProjectID: project, Bank: "CMB", Branch: "招商银行深圳科技园支行", No: "755900000000019", OwnName: "样例电子认证"}
	if _, err := f.Ledger.AddAccount(ctx, tx, account); err != nil {
		return err
	}
	person := order.Person{Name: "张敏", IDNumber: "440106199001010026", Phone: "13800000000", Email: "z@example.cn"}
	o.order, err = f.Orders.Create(ctx, tx, a, order.New{
		ProjectID: project, Kind: order.Renewal, Path: order.Reviewed, OldPairID: uuid.New(), Serial: "1A", MediumNo: "3888",
		CertType: "organisation", Years: 2, AmountFen: 40000, Holder: payer, OrgIDKind: "uscc", OrgIDNumber: "91440300",
		Agent: person, Legal: person,
	})
	if err != nil {
		return err
	}
	choice := payment.Choice{OrderID: o.order.ID, OrderNo: o.order.No, Amount: 40000, Account: payment.Account{No: "1", Bank: "2", Name: "3"}}
	if _, err := f.Payments.Choose(ctx, tx, choice); err != nil {
		return err
	}
	if err := f.Invoices.SetBuyer(ctx, tx, o.order.ID, invoice.Buyer{Kind: invoice.General, Title: payer, TaxID: "91440300"}); err != nil {
		return err
	}
	owed := reconcile.Owed{OrderID: o.order.ID, OrderNo: o.order.No, ProjectID: project, Holder: payer, Due: 40000}
	if _, err := f.Ledger.OpenReceivable(ctx, tx, owed); err != nil {
		return err
	}
	_, err = f.Orders.Change(ctx, tx, a, o.order.No, "test.prepared", func(g *order.Gates) error {
		g.Payment, g.Method = order.Awaiting, order.Transfer
		return nil
	})
	return err
}

func (o *office) site(t *testing.T, permissions ...string) *pagetest.Site {
	t.Helper()
	return pagetest.New(t, permissions,
		func(r *page.Router) { statements.Routes(r, statements.Deps{Flow: o.flow, Board: o.board}) },
		func(r *page.Router) { Routes(r, Deps{Flow: o.flow, Board: o.board}) })
}

// statement draws a workbook with one credit of 400 yuan.
func statement(t *testing.T, name, remark string) []byte {
	t.Helper()
	w := excelize.NewFile()
	for i, cells := range [][]any{
		{"账号名称", "样例电子认证", "银行账号", "755900000000019"},
		{"记录条数", 1},
		{"账号", "交易日", "借方金额", "贷方金额", "余额", "摘要", "收(付)方名称"},
		{"755900000000019", "20261122", nil, 400, 1400, remark, name},
	} {
		require.NoError(t, w.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &cells))
	}
	body, err := w.WriteToBuffer()
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return body.Bytes()
}

func upload(t *testing.T, s *pagetest.Site, body []byte) pagetest.Response {
	t.Helper()
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	require.NoError(t, m.WriteField("csrf", s.Get("/pagetest/token").Body))
	part, err := m.CreateFormFile("file", "cmb.xlsx")
	require.NoError(t, err)
	_, err = part.Write(body)
	require.NoError(t, err)
	require.NoError(t, m.Close())
	r := httptest.NewRequest(http.MethodPost, "/statements", &form)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return s.Do(r)
}

func TestFromUploadToMatchByHand(t *testing.T) {
	o := newOffice(t)
	s := o.site(t, rbac.StatementView, rbac.StatementImport, rbac.MatchingView, rbac.MatchingAllocate)
	res := upload(t, s, statement(t, payer, "续期"))
	require.Equal(t, http.StatusSeeOther, res.Status, res.Body)
	preview := res.Header.Get("Location")
	res = s.Get(preview)
	require.Contains(t, res.Body, payer)
	require.Contains(t, res.Body, "尚未入账")
	res = s.Post(preview+"/commit", nil)
	require.Equal(t, http.StatusSeeOther, res.Status, res.Body)
	require.Contains(t, s.Get("/statements").Body, "已入账")
	require.Equal(t, http.StatusConflict, s.Post(preview+"/commit", nil).Status)

	require.NoError(t, o.flow.MatchRun(t.Context()))
	page, err := o.board.Credits(t.Context(), actor.Job("test"), board.MatchFilter{Tab: board.TabToConfirm})
	require.NoError(t, err)
	require.Len(t, page.Rows, 1)
	res = s.Get("/matching")
	require.Contains(t, res.Body, o.order.No, "the holder's order is the candidate")
	require.Contains(t, res.Body, "无订单号")
	require.NotContains(t, res.Body, "6620")
	form := url.Values{"line": {page.Rows[0].ID.String()}, "no": {o.order.No}}
	res = s.Post("/matching/allocations", form)
	require.Equal(t, http.StatusSeeOther, res.Status, res.Body)
	require.Contains(t, s.Get("/matching?tab=manual").Body, o.order.No)
	require.Equal(t, http.StatusConflict, s.Post("/matching/allocations", form).Status)
}

func TestMatchedByItselfStandsOnItsTab(t *testing.T) {
	o := newOffice(t)
	s := o.site(t, rbac.StatementView, rbac.StatementImport, rbac.MatchingView)
	res := upload(t, s, statement(t, payer, "续期费"+o.order.No))
	require.Equal(t, http.StatusSeeOther, s.Post(res.Header.Get("Location")+"/commit", nil).Status)
	require.NoError(t, o.flow.MatchRun(t.Context()))
	require.Contains(t, s.Get("/matching?tab=auto").Body, o.order.No)
	require.Contains(t, s.Get("/matching").Body, "没有待确认的到款")
}

func TestRefusals(t *testing.T) {
	o := newOffice(t)
	s := o.site(t, rbac.StatementView, rbac.StatementImport, rbac.MatchingView)
	for name, body := range map[string][]byte{"文件打不开": []byte("PK\x03\x04"), "还不能读": []byte("<html><table></table>"), "没有找到认识的表头": headless(t)} {
		res := upload(t, s, body)
		require.Equal(t, http.StatusUnprocessableEntity, res.Status)
		require.Contains(t, res.Body, name)
	}
	require.Equal(t, http.StatusUnprocessableEntity, upload(t, s, nil).Status)
	require.Equal(t, http.StatusForbidden, s.Post("/matching/allocations", nil).Status)
	require.Equal(t, http.StatusNotFound, s.Get("/statements/"+uuid.NewString()).Status)
	require.Equal(t, http.StatusNotFound, s.Get("/statements/nonsense").Status)
	require.Contains(t, s.Get("/matching?line=nonsense&order=R1&tab=nonsense").Body, "</html>")
	looker := o.site(t, rbac.StatementView)
	require.Equal(t, http.StatusForbidden, upload(t, looker, headless(t)).Status)
	require.NotContains(t, looker.Get("/statements").Body, "multipart")
}

// headless is a workbook that is no statement.
func headless(t *testing.T) []byte {
	t.Helper()
	w := excelize.NewFile()
	require.NoError(t, w.SetCellStr("Sheet1", "A1", "姓名"))
	body, err := w.WriteToBuffer()
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return body.Bytes()
}
