package invoices

import (
	"context"
	"fmt"
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
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/invoice"
	"caconsole/admin/job"
	"caconsole/admin/notify"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/seal"
	"caconsole/admin/seal/folder"
	"caconsole/rbac"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
)

// bureau issues what it is asked for, but for buyers it does not like.
type bureau struct {
	cause string
	red   invoice.RedAnswer // what it says of red letters; one issued at once where empty
}

func (b *bureau) Issue(context.Context, invoice.Order) error {
	if b.cause != "" {
		return &fault.Error{Kind: fault.Invalid, Key: "invoice_refused", Args: fault.Args{"code": "E9501", "cause": b.cause}}
	}
	return nil
}

func (b *bureau) Query(_ context.Context, serial string) (invoice.Answer, error) {
	return invoice.Answer{Found: true, State: invoice.Issued, VendorSerial: "V", Number: "264420000000" + serial[5:13], PDFURL: "x"}, nil
}

func (b *bureau) AskRed(context.Context, invoice.RedOrder) error { return nil }

func (b *bureau) QueryRed(_ context.Context, serial string) (invoice.RedAnswer, error) {
	if b.red.State != "" {
		return b.red, nil
	}
	return invoice.RedAnswer{Found: true, State: invoice.RedIssued, FormState: "01", Number: "264420000009" + serial[5:13], PDFURL: "x"}, nil
}

func (b *bureau) Fetch(context.Context, string) ([]byte, error) {
	return []byte("%PDF-1.7 " + pdfMark), nil
}

const pdfMark = "the invoice itself"

// carrier takes every message, or refuses all of them with a code.
type carrier struct{ refuses string }

func (c *carrier) Send(_ context.Context, m notify.Outgoing) (string, error) {
	if c.refuses != "" {
		return "", &fault.Error{Kind: fault.Invalid, Key: "message_refused", Args: fault.Args{"code": c.refuses}}
	}
	return m.ID.String(), nil
}

func (c *carrier) Find(context.Context, notify.Outgoing) (notify.Report, error) {
	return notify.Report{}, nil
}

// desk is finance's invoices on a database of their own; jobs are run by the test.
type desk struct {
	*pagetest.Site
	t      *testing.T
	flow   *flow.Flow
	jobs   []job.Args
	bureau *bureau
	sms    *carrier
	mail   *carrier
	order  order.Order
	orders int
	room   uuid.UUID // the project
}

func (d *desk) Enqueue(_ context.Context, _ pg.Tx, args job.Args, _ ...job.Option) error {
	d.jobs = append(d.jobs, args)
	return nil
}

// run does the jobs until none is left.
func (d *desk) run() {
	d.t.Helper()
	for n := 0; len(d.jobs) > 0; n++ {
		require.Less(d.t, n, 50, "jobs without end")
		next := d.jobs[0]
		d.jobs = d.jobs[1:]
		switch a := next.(type) {
		case invoice.IssueArgs:
			if err := d.flow.IssueInvoice(d.t.Context(), a.ID); fault.HasKey(err, "invoice_pending") {
				d.jobs = append(d.jobs, next)
			} else {
				require.NoError(d.t, err)
			}
		case notify.SendArgs:
			require.NoError(d.t, d.flow.SendMessage(d.t.Context(), a.ID))
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
	d := &desk{t: t, bureau: &bureau{}, sms: &carrier{}, mail: &carrier{}, room: uuid.New()}
	d.flow = &flow.Flow{
		DB: db, Now: now, Log: slog.New(slog.DiscardHandler), Jobs: d, Audit: audit.New(db, checkpoints, now), PublicURL: "https://hall.example",
		Invoices: invoice.New(db, vault, d.bureau, now), Orders: order.NewOrders(ring, now, due),
		Messages: notify.New(notify.Options{
			DB: db, Ring: ring, Jobs: d, Now: now, Senders: map[notify.Channel]notify.Sender{notify.SMS: d.sms, notify.Mail: d.mail},
		}),
	}
	require.NoError(t, db.InTx(t.Context(), func(_ context.Context, tx pg.Tx) error {
		return tx.Gorm().Exec("INSERT INTO project (id, code, name, created_at) VALUES (?, 'cgn', '中广核', now())", d.room).Error
	}))
	d.Site = pagetest.New(t, permissions, func(r *page.Router) { Routes(r, Deps{Flow: d.flow, Board: board.New(db, now)}) })
	return d
}

// settle makes an order whose money has come, with its invoice requested and its job queued.
func (d *desk) settle(title string) invoice.Invoice {
	d.t.Helper()
	var inv invoice.Invoice
	a := actor.Job("test")
	d.orders++
	require.NoError(d.t, d.flow.DB.InTx(d.t.Context(), func(ctx context.Context, tx pg.Tx) (err error) {
		person := order.Person{Name: "张敏", IDNumber: "440106199001010026", Phone: "13800002207", Email: "lan@example.cn"}
		d.order, err = d.flow.Orders.Create(ctx, tx, a, order.New{
			ProjectID: d.room, Kind: order.Renewal, Path: order.Reviewed, OldPairID: uuid.New(), Serial: fmt.Sprint("1A", d.orders), MediumNo: "3888",
			CertType: "organisation", Years: 1, AmountFen: 20000, Holder: title, OrgIDKind: "uscc", OrgIDNumber: "91440300", Agent: person, Legal: person,
		})
		if err != nil {
			return err
		}
		buyer := invoice.Buyer{Kind: invoice.General, Title: title, TaxID: "914403001922038216", Bank: "招商银行", Account: "7559"}
		if err := d.flow.Invoices.SetBuyer(ctx, tx, d.order.ID, buyer); err != nil {
			return err
		}
		for _, payment := range []order.State{order.Awaiting, order.Settled} {
			_, err := d.flow.Orders.Change(ctx, tx, a, d.order.No, "test.paid", func(g *order.Gates) error {
				g.Payment, g.Method = payment, order.Transfer
				if payment == order.Settled {
					g.Invoice = order.Requested
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		inv, err = d.flow.Invoices.Request(ctx, tx, invoice.Request{
			OrderID: d.order.ID, ProjectID: d.room, OrderNo: d.order.No, Total: 20000, TaxPercent: 6,
			Goods: invoice.Goods{Code: "3040203000000000000", Name: "*信息技术服务*数字证书服务费"},
		})
		if err != nil {
			return err
		}
		return d.Enqueue(ctx, tx, invoice.IssueArgs{ID: inv.ID})
	}))
	return inv
}

func (d *desk) gate() order.State {
	d.t.Helper()
	o, err := d.flow.Orders.ByID(d.t.Context(), d.flow.DB.Read(d.t.Context()), actor.Job("test"), d.order.ID)
	require.NoError(d.t, err)
	return o.Gates.Invoice
}

// message is the newest message of an invoice on a channel.
func (d *desk) message(inv invoice.Invoice, channel notify.Channel) notify.Line {
	d.t.Helper()
	lines, err := d.flow.Messages.OfOrder(d.t.Context(), d.flow.DB.Read(d.t.Context()), inv.OrderID)
	require.NoError(d.t, err)
	for _, l := range lines {
		if l.Channel == channel {
			return l
		}
	}
	d.t.Fatalf("no message by %s", channel)
	return notify.Line{}
}

const unit = "台山市澜石设备安装有限公司"

func TestInvoiceGoesOutByBothWays(t *testing.T) {
	t.Parallel()
	d := newDesk(t, rbac.InvoiceView)
	require.Contains(t, d.Get("/invoices").Body, "还没有发票")
	inv := d.settle(unit)
	res := d.Get("/invoices?tab=open")
	require.Contains(t, res.Body, unit)
	require.Contains(t, res.Body, "待开")
	d.run()
	require.Equal(t, order.Dispatched, d.gate())
	res = d.Get("/invoices")
	for _, text := range []string{d.order.No, "已开具", "已发出", "138****2207", "188.68", "11.32", "¥200.00", "264420000000"} {
		require.Contains(t, res.Body, text)
	}
	require.NotContains(t, res.Body, "13800002207")
	require.NotContains(t, res.Body, "lan@example.cn")
	require.Contains(t, d.Get("/invoices?tab=failed").Body, "没有失败")
	require.Equal(t, http.StatusForbidden, d.Post("/invoices/"+inv.ID.String()+"/resend", nil).Status, "may look, may not send")
}

// SMS has arrived, mail is refused: the one is left alone, the other sent again under a new version.
func TestResendWhatFailed(t *testing.T) {
	t.Parallel()
	d := newDesk(t, rbac.InvoiceView, rbac.InvoiceResend)
	d.mail.refuses = "550"
	inv := d.settle(unit)
	d.run()
	require.Equal(t, order.Issued, d.gate(), "one way alone is not dispatched")
	res := d.Get("/invoices?tab=failed")
	require.Contains(t, res.Body, unit)
	require.Contains(t, res.Body, "550 邮箱不存在，或对方拒收")
	resend := "/invoices/" + inv.ID.String() + "/resend"
	form := url.Values{"message": {d.message(inv, notify.Mail).ID.String()}}
	d.mail.refuses = ""
	res = d.Post(resend, form)
	require.Equal(t, http.StatusSeeOther, res.Status, res.Body)
	require.Equal(t, http.StatusConflict, d.Post(resend, form).Status, "it is under way")
	d.run()
	mail := d.message(inv, notify.Mail)
	require.Equal(t, 2, mail.Version)
	require.Equal(t, notify.Sent, mail.State)
	require.Equal(t, 1, d.message(inv, notify.SMS).Version)
	require.Equal(t, order.Dispatched, d.gate())
	require.Contains(t, d.Get("/invoices?tab=failed").Body, "没有失败")
	require.Contains(t, d.Get("/invoices").Body, "第 2 次发送")

	other := d.settle("宁德市霞浦湾材料科技有限公司")
	d.run()
	require.Equal(t, http.StatusNotFound, d.Post("/invoices/"+other.ID.String()+"/resend", form).Status, "a message of another invoice")
	require.Equal(t, http.StatusNotFound, d.Post("/invoices/x/resend", form).Status)
}

func TestRetryWhatCouldNotBeIssued(t *testing.T) {
	t.Parallel()
	d := newDesk(t, rbac.InvoiceView, rbac.InvoiceResend)
	d.bureau.cause = "授信额度不足"
	inv := d.settle(unit)
	d.run()
	res := d.Get("/invoices?tab=failed")
	require.Contains(t, res.Body, "授信额度不足")
	require.Contains(t, res.Body, "重新开具")
	retry := "/invoices/" + inv.ID.String() + "/retry"
	d.bureau.cause = ""
	require.Equal(t, http.StatusSeeOther, d.Post(retry, nil).Status)
	require.Equal(t, http.StatusConflict, d.Post(retry, nil).Status)
	d.run()
	require.Equal(t, order.Dispatched, d.gate())
}

func TestFileIsAudited(t *testing.T) {
	t.Parallel()
	d := newDesk(t, rbac.InvoiceView)
	inv := d.settle(unit)
	file := "/invoices/" + inv.ID.String() + "/file"
	require.Equal(t, http.StatusConflict, d.Get(file).Status, "not issued yet")
	d.run()
	res := d.Get(file)
	require.Equal(t, http.StatusOK, res.Status)
	require.Contains(t, res.Body, pdfMark)
	require.Equal(t, "application/pdf", res.Header.Get("Content-Type"))
	var viewed int
	require.NoError(t, d.flow.DB.Read(t.Context()).Gorm().
		Raw("SELECT count(*) FROM audit_entry WHERE action = 'invoice.viewed' AND object = ?", "invoice:"+inv.Serial).Scan(&viewed).Error)
	require.Equal(t, 2, viewed, "also the view that showed nothing")
}

func TestFilters(t *testing.T) {
	t.Parallel()
	d := newDesk(t, rbac.InvoiceView)
	d.settle(unit)
	first := d.order.No
	d.settle("宁德市霞浦湾材料科技有限公司")
	for query, want := range map[string][2]bool{
		"no=" + first: {true, false}, "title=" + url.QueryEscape("霞浦"): {false, true}, "title=" + url.QueryEscape("100%"): {false, false},
		"": {true, true}, "tab=late": {false, false}, "no=R00000000000": {false, false},
	} {
		body := d.Get("/invoices?" + query).Body
		require.Equal(t, want[0], strings.Contains(body, unit), query)
		require.Equal(t, want[1], strings.Contains(body, "霞浦湾"), query)
	}
	require.Equal(t, http.StatusNotFound, d.Get("/invoices?id="+uuid.NewString()).Status)
	require.Equal(t, http.StatusNotFound, d.Get("/invoices?id=x").Status)
	require.Equal(t, http.StatusUnprocessableEntity, d.Get("/invoices?after=x").Status)
}
