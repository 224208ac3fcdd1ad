package refunds

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
	"caconsole/admin/audit"
	"caconsole/admin/board"
	"caconsole/admin/document"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/idem"
	"caconsole/admin/invoice"
	"caconsole/admin/job"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/project"
	"caconsole/admin/review"
	"caconsole/admin/seal"
	"caconsole/admin/seal/folder"
	"caconsole/issuance"
	"caconsole/rbac"
	"caconsole/reconcile"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
)

// bureau issues at once and says of red letters what the test wants.
type bureau struct{ red invoice.RedAnswer }

func (*bureau) Issue(context.Context, invoice.Order) error { return nil }

func (*bureau) Query(context.Context, string) (invoice.Answer, error) {
	return invoice.Answer{Found: true, State: invoice.Issued, VendorSerial: "V", Number: "26442000000000000001", PDFURL: "x"}, nil
}

func (*bureau) AskRed(context.Context, invoice.RedOrder) error { return nil }

func (b *bureau) QueryRed(context.Context, string) (invoice.RedAnswer, error) { return b.red, nil }

func (*bureau) Fetch(context.Context, string) ([]byte, error) { return []byte("%PDF-1.7 red"), nil }

// desk is finance's screen on a database of its own; jobs are done by the test.
type desk struct {
	*pagetest.Site
	t      *testing.T
	flow   *flow.Flow
	bureau *bureau
	jobs   []job.Args
	room   uuid.UUID
	no     string
}

func (d *desk) Enqueue(_ context.Context, _ pg.Tx, args job.Args, _ ...job.Option) error {
	d.jobs = append(d.jobs, args)
	return nil
}

// run does the invoices' jobs until none gets further.
func (d *desk) run() {
	d.t.Helper()
	for range 8 {
		jobs := d.jobs
		d.jobs = nil
		for _, j := range jobs {
			var err error
			switch a := j.(type) {
			case invoice.IssueArgs:
				err = d.flow.IssueInvoice(d.t.Context(), a.ID)
			case invoice.RedArgs:
				err = d.flow.RedLetter(d.t.Context(), a.ID)
			}
			if fault.HasKey(err, "invoice_pending") {
				d.jobs = append(d.jobs, j)
				continue
			}
			require.NoError(d.t, err)
		}
	}
}

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
	blobs, err := folder.Open(t.TempDir(), now)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, blobs.Close()) })
	vault := seal.Vault{Ring: ring, Blobs: blobs}
	due := func(context.Context, pg.Q, uuid.UUID, time.Time) (time.Time, error) { return pagetest.Now, nil }
	d := &desk{t: t, bureau: &bureau{}}
	d.flow = &flow.Flow{
		DB: db, Now: now, Log: slog.New(slog.DiscardHandler), Jobs: d, Audit: audit.New(db, checkpoints, now), Board: board.New(db, now),
		Invoices: invoice.New(db, vault, d.bureau, now), Orders: order.NewOrders(ring, now, due), Payments: payment.New(now),
		Documents: document.New(db, vault, now), Reviews: review.NewReviews(now), Projects: &project.Projects{}, Issuance: issuance.New(nil, now),
		Ledger:   reconcile.New(db, vault, now, order.ValidNo),
		Messages: notify.New(notify.Options{DB: db, Ring: ring, Jobs: d, Now: now}),
	}
	d.Site = pagetest.New(t, permissions, func(r *page.Router) { Routes(r, Deps{Flow: d.flow, Board: d.flow.Board}) })
	return d
}

const unit = "台山市澜石设备安装有限公司"

// withdrawn makes an order whose applicant wants the money back after the invoice was issued.
func (d *desk) withdrawn() {
	d.t.Helper()
	who := actor.Actor{Kind: actor.Applicant, ID: uuid.New()}
	require.NoError(d.t, d.flow.DB.InTx(d.t.Context(), func(ctx context.Context, tx pg.Tx) error {
		p, err := d.flow.Projects.EnsureProject(ctx, tx, pagetest.Now.AddDate(-1, 0, 0))
		if err != nil {
			return err
		}
		d.room = p.ID
		person := order.Person{Name: "张敏", IDNumber: "440106199001010026", Phone: "13800002207", Email: "lan@example.cn"}
		o, err := d.flow.Orders.Create(ctx, tx, who, order.New{
			ProjectID: p.ID, Kind: order.Renewal, Path: order.Reviewed, ApplicantID: who.ID, OldPairID: uuid.New(), Serial: "1a", MediumNo: "3888",
			CertType: "organisation", Years: 1, AmountFen: 20000, Holder: unit, OrgIDKind: "uscc", OrgIDNumber: "91440300", Agent: person, Legal: person,
		})
		if err != nil {
			return err
		}
		d.no = o.No
		err = d.flow.Invoices.SetBuyer(ctx, tx, o.ID, invoice.Buyer{Kind: invoice.General, Title: unit, TaxID: "914403001922038216"})
		if err != nil {
			return err
		}
		_, err = d.flow.Payments.Choose(ctx, tx, payment.Choice{OrderID: o.ID, OrderNo: o.No, Amount: 20000, Account: payment.Account{No: "1", Bank: "b", Name: "n"}})
		if err != nil {
			return err
		}
		if err := d.flow.Payments.Settle(ctx, tx, o.ID); err != nil {
			return err
		}
		for _, state := range []order.State{order.Awaiting, order.Settled} {
			_, err := d.flow.Orders.Change(ctx, tx, who, o.No, "test.paid", func(g *order.Gates) error {
				g.Payment, g.Method = state, order.Transfer
				if state == order.Settled {
					g.Kept, g.Invoice = 20000, order.Requested
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		inv, err := d.flow.Invoices.Request(ctx, tx, invoice.Request{
			OrderID: o.ID, ProjectID: p.ID, OrderNo: o.No, Total: 20000, TaxPercent: 6, Goods: invoice.Goods{Code: "3040203000000000000", Name: "服务费"},
		})
		if err != nil {
			return err
		}
		return d.Enqueue(ctx, tx, invoice.IssueArgs{ID: inv.ID})
	}))
	d.run()
	_, err := d.flow.WithdrawOrder(d.t.Context(), who, idem.Key{}, d.no)
	require.NoError(d.t, err)
	d.run()
}

// red is the id of the one red letter.
func (d *desk) red() string {
	d.t.Helper()
	var id string
	require.NoError(d.t, d.flow.DB.Read(d.t.Context()).Gorm().Raw("SELECT id FROM red_letter").Row().Scan(&id))
	return id
}

// A buyer who refuses the form blocks the refund; finance sees why, tries again, or records the red invoice made by hand,
// and the refund goes on.
func TestBlockedRedLetter(t *testing.T) {
	t.Parallel()
	d := newDesk(t, rbac.InvoiceView, rbac.InvoiceResend)
	require.Contains(t, d.Get("/refunds").Body, "没有受阻的红冲")
	d.bureau.red = invoice.RedAnswer{Found: true, State: invoice.RedBlocked, FormState: "05", Cause: "red_denied"}
	d.withdrawn()
	res := d.Get("/refunds")
	for _, text := range []string{d.no, unit, "200.00", "受阻", "购方否认红字确认单", d.no + "R1", "26442000000000000001"} {
		require.Contains(t, res.Body, text)
	}
	require.Contains(t, d.Get("/refunds?tab=refund_open").Body, "等红冲")
	require.Contains(t, d.Get("/refunds?tab=refund_open&no="+d.no).Body, unit)
	require.NotContains(t, d.Get("/refunds?no=R1").Body, unit)

	res = d.Post("/refunds/red/"+d.red()+"/retry", nil)
	require.Equal(t, http.StatusSeeOther, res.Status)
	d.run()
	require.Contains(t, d.Get("/refunds").Body, d.no+"R2", "with a form of its own")

	res = d.Post("/refunds/red/"+d.red()+"/record", url.Values{"number": {"2644"}})
	require.Equal(t, http.StatusUnprocessableEntity, res.Status)
	require.Contains(t, res.Body, "20 位数字")
	require.Contains(t, res.Body, `value="2644"`, "what was typed stands")
	res = d.Post("/refunds/red/"+d.red()+"/record", url.Values{"number": {"26442000000000000007"}})
	require.Equal(t, http.StatusSeeOther, res.Status)
	require.Contains(t, d.Get("/refunds?tab=red_done").Body, "26442000000000000007")
	require.Contains(t, d.Get("/refunds?tab=refund_task").Body, "待付款", "a transfer is paid back by a person")
	require.Equal(t, http.StatusConflict, d.Post("/refunds/red/"+d.red()+"/retry", nil).Status)
}

// One that goes through is over by itself, and its file is there; the view is on record.
func TestRedLetterGoesThrough(t *testing.T) {
	t.Parallel()
	d := newDesk(t, rbac.InvoiceView)
	d.bureau.red = invoice.RedAnswer{Found: true, State: invoice.RedWaitingBuyer, FormState: "02"}
	d.withdrawn()
	require.Contains(t, d.Get("/refunds?tab=red_open").Body, "待购方确认")
	d.bureau.red = invoice.RedAnswer{Found: true, State: invoice.RedIssued, FormState: "04", Number: "26442000000000000009", PDFURL: "x"}
	d.run()
	require.Contains(t, d.Get("/refunds?tab=red_done").Body, "26442000000000000009")
	res := d.Get("/refunds/red/" + d.red() + "/file")
	require.True(t, strings.HasPrefix(res.Body, "%PDF-"))
	for _, path := range []string{"/retry", "/record"} {
		require.Equal(t, http.StatusForbidden, d.Post("/refunds/red/"+d.red()+path, nil).Status, "may look, may not act")
	}
	require.Equal(t, http.StatusForbidden, d.Post("/refunds/"+d.red()+"/retry", nil).Status)
	require.Equal(t, http.StatusForbidden, d.Post("/refunds/suspense/"+d.red()+"/return", nil).Status)
}

func TestWhatDoesNotExist(t *testing.T) {
	t.Parallel()
	d := newDesk(t, rbac.InvoiceView, rbac.InvoiceResend, rbac.MatchingAllocate)
	for _, id := range []string{"x", uuid.NewString()} {
		for _, path := range []string{"/refunds/red/" + id + "/retry", "/refunds/red/" + id + "/record", "/refunds/" + id + "/retry", "/refunds/suspense/" + id + "/return"} {
			require.Equal(t, http.StatusNotFound, d.Post(path, url.Values{"number": {"26442000000000000007"}}).Status, path)
		}
		require.Equal(t, http.StatusNotFound, d.Get("/refunds/red/"+id+"/file").Status)
	}
	require.Equal(t, http.StatusOK, d.Get("/refunds?tab=nonsense&id=nonsense").Status)
	for _, tab := range Tabs {
		require.Equal(t, http.StatusOK, d.Get("/refunds?tab="+string(tab)).Status, tab)
	}
	require.Equal(t, http.StatusForbidden, newDesk(t, rbac.HotlineView).Get("/refunds").Status)
}
