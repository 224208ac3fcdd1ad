package invoice_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/invoice"
	"caconsole/admin/money"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/seal"
	"caconsole/admin/seal/folder"
)

var noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

// bureau is the vendor: it answers as the test says and keeps what it was asked for.
type bureau struct {
	issued []invoice.Order
	fails  error // of Issue
	answer invoice.Answer
	mute   error // of Query
	pdf    []byte
	lost   error // of Fetch

	reds    []invoice.RedOrder
	redFail error // of AskRed
	red     invoice.RedAnswer
	redMute error // of QueryRed
}

func (b *bureau) AskRed(_ context.Context, o invoice.RedOrder) error {
	b.reds = append(b.reds, o)
	return b.redFail
}

func (b *bureau) QueryRed(context.Context, string) (invoice.RedAnswer, error) {
	return b.red, b.redMute
}

func (b *bureau) Issue(_ context.Context, o invoice.Order) error {
	b.issued = append(b.issued, o)
	return b.fails
}

func (b *bureau) Query(context.Context, string) (invoice.Answer, error) { return b.answer, b.mute }

func (b *bureau) Fetch(context.Context, string) ([]byte, error) { return b.pdf, b.lost }

func (b *bureau) Name() string { return "bureau" }

func (b *bureau) Hint(body []byte) (string, error) { return string(body), nil }

// office is the store on a database of its own, where orders and projects are ids and nothing more.
type office struct {
	*invoice.Invoices
	t       *testing.T
	db      *pg.DB
	bureau  *bureau
	now     time.Time
	order   uuid.UUID
	project uuid.UUID
	kept    int // how often an issued invoice was taken on
}

func newOffice(t *testing.T) *office {
	t.Helper()
	app, owner, read := pgtest.NewDSN(t)
	conn, err := pgx.Connect(t.Context(), owner)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `ALTER TABLE invoice DROP CONSTRAINT invoice_order_id_fkey, DROP CONSTRAINT invoice_project_id_fkey;
		ALTER TABLE invoice_buyer DROP CONSTRAINT invoice_buyer_order_id_fkey;
		ALTER TABLE red_letter DROP CONSTRAINT red_letter_order_id_fkey, DROP CONSTRAINT red_letter_project_id_fkey`)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	db, err := pg.Open(t.Context(), pg.Options{DSN: app, ReadDSN: read, MaxConns: 4, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	keys, err := seal.NewKeys()
	require.NoError(t, err)
	ring, err := seal.ParseKeys(keys)
	require.NoError(t, err)
	o := &office{
		t: t, db: db, bureau: &bureau{pdf: []byte("%PDF-1.7 invoice")}, now: noon, order: uuid.Must(uuid.NewV7()), project: uuid.Must(uuid.NewV7()),
	}
	clock := func() time.Time { return o.now }
	blobs, err := folder.Open(t.TempDir(), clock)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, blobs.Close()) })
	o.Invoices = invoice.New(db, seal.Vault{Ring: ring, Blobs: blobs}, o.bureau, clock)
	return o
}

func (o *office) tx(fn func(ctx context.Context, tx pg.Tx) error) error {
	o.t.Helper()
	return o.db.InTx(o.t.Context(), fn)
}

func buyer() invoice.Buyer {
	return invoice.Buyer{Kind: invoice.Special, Title: "样例公司", TaxID: "914403001922038216", Address: "深圳", Phone: "0755-26588388", Bank: "招行", Account: "123"}
}

// request makes the order's invoice of 200 yuan.
func (o *office) request() (inv invoice.Invoice, err error) {
	o.t.Helper()
	err = o.tx(func(ctx context.Context, tx pg.Tx) (err error) {
		if err = o.SetBuyer(ctx, tx, o.order, buyer()); err != nil {
			return err
		}
		inv, err = o.Request(ctx, tx, invoice.Request{
			OrderID: o.order, ProjectID: o.project, OrderNo: "R26112200017", Total: 20000, TaxPercent: 6,
			Goods: invoice.Goods{Code: "3040203000000000000", Name: "*信息技术服务*数字证书服务费"},
		})
		return err
	})
	return inv, err
}

func (o *office) work(id uuid.UUID) error {
	o.t.Helper()
	return o.Work(o.t.Context(), id, func(context.Context, pg.Tx, invoice.Invoice) error {
		o.kept++
		return nil
	})
}

func (o *office) get(id uuid.UUID) invoice.Invoice {
	o.t.Helper()
	inv, err := o.Get(o.t.Context(), o.db.Read(o.t.Context()), actor.Job("test"), id)
	require.NoError(o.t, err)
	return inv
}

func done() invoice.Answer {
	return invoice.Answer{
		Found: true, State: invoice.Issued, VendorSerial: "V1", Number: "26442000000000000001", PDFURL: "https://x/1.pdf", Total: 20000,
	}
}

var silent = fault.Down("vendor_unavailable", 0, errors.New("time-out"))

func TestInvoiceIsIssuedOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	inv, err := o.request()
	require.NoError(t, err)
	require.Equal(t, "R26112200017B1", inv.Serial)
	_, err = o.request()
	require.True(t, fault.HasKey(err, "invoice_exists"), "one order, one invoice")

	require.True(t, fault.HasKey(o.work(inv.ID), "invoice_pending"))
	require.Len(t, o.bureau.issued, 1)
	asked := o.bureau.issued[0]
	require.Equal(t, buyer(), asked.Buyer)
	require.Equal(t, []money.Fen{20000, 18868, 1132}, []money.Fen{asked.Total, asked.Net, asked.Tax})
	o.bureau.answer = invoice.Answer{Found: true, State: invoice.Issuing}
	require.True(t, fault.HasKey(o.work(inv.ID), "invoice_pending"))
	o.bureau.answer = done()
	require.NoError(t, o.work(inv.ID))
	require.NoError(t, o.work(inv.ID), "nothing is left to do")
	require.Equal(t, 1, o.kept)
	require.Len(t, o.bureau.issued, 1)

	got := o.get(inv.ID)
	require.Equal(t, invoice.Issued, got.State)
	require.Equal(t, "26442000000000000001", got.Number)
	require.Empty(t, got.Buyer.Phone)
	q := o.db.Read(t.Context())
	_, pdf, err := o.PDF(t.Context(), q, actor.Actor{Kind: actor.Staff, Projects: []uuid.UUID{o.project}}, inv.ID)
	require.NoError(t, err)
	require.Equal(t, "%PDF-1.7 invoice", string(pdf))
	_, _, err = o.PDF(t.Context(), q, actor.Actor{Kind: actor.Staff}, inv.ID)
	require.True(t, fault.HasKey(err, "invoice_unknown"), "another project's")
}

// A call that timed out is asked after; the number goes out again only where the vendor knows nothing of it.
func TestTimeOut(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	inv, err := o.request()
	require.NoError(t, err)
	o.bureau.fails, o.bureau.mute = silent, silent
	require.True(t, fault.HasKey(o.work(inv.ID), "vendor_unavailable"))
	require.True(t, fault.HasKey(o.work(inv.ID), "vendor_unavailable"))
	require.Len(t, o.bureau.issued, 1, "while nobody answers nothing is asked for again")
	require.Equal(t, "vendor_unavailable", o.get(inv.ID).LastError)
	o.bureau.mute, o.bureau.fails = nil, nil
	require.True(t, fault.HasKey(o.work(inv.ID), "invoice_pending"))
	require.Len(t, o.bureau.issued, 2)
	require.Equal(t, o.bureau.issued[0].Serial, o.bureau.issued[1].Serial)
	o.bureau.answer = done()
	require.NoError(t, o.work(inv.ID))
}

func TestFileThatIsLate(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	inv, err := o.request()
	require.NoError(t, err)
	require.Error(t, o.work(inv.ID))
	o.bureau.answer, o.bureau.lost = done(), silent
	require.Error(t, o.work(inv.ID))
	require.Equal(t, invoice.Issuing, o.get(inv.ID).State, "issued is what we hold")
	_, _, err = o.PDF(t.Context(), o.db.Read(t.Context()), actor.Job("test"), inv.ID)
	require.True(t, fault.HasKey(err, "invoice_not_issued"))
	o.bureau.lost = nil
	require.NoError(t, o.work(inv.ID))
	require.Empty(t, o.get(inv.ID).LastError)
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fails  error
		answer invoice.Answer
		cause  string
	}{
		"refused at once": {fails: &fault.Error{Kind: fault.Invalid, Key: "invoice_refused", Args: fault.Args{"cause": "税号错误"}}, cause: "税号错误"},
		"failed later":    {answer: invoice.Answer{Found: true, State: invoice.Failed, Cause: "授信额度不足"}, cause: "授信额度不足"},
		"another amount": {
			answer: invoice.Answer{Found: true, State: invoice.Issued, Number: "1", PDFURL: "x", Total: 20001}, cause: "amount_differs",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			inv, err := o.request()
			require.NoError(t, err)
			o.bureau.fails, o.bureau.answer = tc.fails, tc.answer
			_ = o.work(inv.ID)
			require.NoError(t, o.work(inv.ID))
			got := o.get(inv.ID)
			require.Equal(t, invoice.Failed, got.State)
			require.Equal(t, tc.cause, got.LastError)
			require.Zero(t, o.kept)

			retry := func() error {
				return o.tx(func(ctx context.Context, tx pg.Tx) error { return o.Retry(ctx, tx, inv.ID) })
			}
			require.NoError(t, retry())
			require.True(t, fault.HasKey(retry(), "invoice_not_failed"))
			o.bureau.fails, o.bureau.answer = nil, done()
			require.True(t, fault.HasKey(o.work(inv.ID), "invoice_pending"))
			require.NoError(t, o.work(inv.ID))
			require.Equal(t, invoice.Issued, o.get(inv.ID).State)
		})
	}
}

// The order's gate moves in the same transaction: if that fails the invoice is not issued yet, and nothing is lost.
func TestIssuedTogetherWithTheOrder(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	inv, err := o.request()
	require.NoError(t, err)
	require.Error(t, o.work(inv.ID))
	o.bureau.answer = done()
	full := errors.New("disk full")
	err = o.Work(t.Context(), inv.ID, func(context.Context, pg.Tx, invoice.Invoice) error { return full })
	require.ErrorIs(t, err, full)
	require.Equal(t, invoice.Issuing, o.get(inv.ID).State)
	require.NoError(t, o.work(inv.ID))
	require.Equal(t, 1, o.kept)
}

func TestHangingRestsLonger(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	inv, err := o.request()
	require.NoError(t, err)
	hanging := func() bool {
		ids, err := o.Hanging(t.Context(), o.db.Read(t.Context()), o.now, 10)
		require.NoError(t, err)
		return len(ids) == 1 && ids[0] == inv.ID
	}
	o.now = o.now.Add(time.Second)
	require.True(t, hanging())
	o.bureau.fails, o.bureau.mute = silent, silent
	for range 4 {
		require.Error(t, o.work(inv.ID))
		o.now = o.now.Add(time.Second)
		require.True(t, hanging())
	}
	require.Error(t, o.work(inv.ID))
	o.now = o.now.Add(9 * time.Second)
	require.False(t, hanging(), "it rests for ten seconds")
	o.now = o.now.Add(2 * time.Second)
	require.True(t, hanging())
	for range 20 {
		require.Error(t, o.work(inv.ID))
	}
	o.now = o.now.Add(10*time.Minute + time.Second)
	require.True(t, hanging(), "and never longer than ten minutes")
}

func TestPickUp(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	inv, err := o.request()
	require.NoError(t, err)
	q := o.db.Read(t.Context())
	code, err := o.Code(t.Context(), q, inv.ID)
	require.NoError(t, err)
	require.Regexp(t, `^[2-9A-HJKMNP-Z]{8}$`, code.Reveal())
	_, _, err = o.PickUp(t.Context(), q, code.Reveal())
	require.True(t, fault.HasKey(err, "invoice_code_wrong"), "before it is issued")
	require.Error(t, o.work(inv.ID))
	o.bureau.answer = done()
	require.NoError(t, o.work(inv.ID))
	typed := " " + code.Reveal()[:4] + " " + code.Reveal()[4:] + "\n"
	got, pdf, err := o.PickUp(t.Context(), q, typed)
	require.NoError(t, err)
	require.Equal(t, inv.ID, got.ID)
	require.Equal(t, "%PDF-1.7 invoice", string(pdf))
	for _, wrong := range []string{"", "ABCD2345", code.Reveal()[:7]} {
		_, _, err := o.PickUp(t.Context(), q, wrong)
		require.True(t, fault.HasKey(err, "invoice_code_wrong"), wrong)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err = o.PickUp(t.Context(), o.db.Read(gone), typed)
	require.Error(t, err)
	require.False(t, fault.HasKey(err, "invoice_code_wrong"), "a database that does not answer says nothing about a code")
	var row string
	require.NoError(t, q.Gorm().Raw("SELECT invoice::text || invoice_buyer::text FROM invoice, invoice_buyer").Scan(&row).Error)
	require.NotContains(t, row, code.Reveal())
	require.NotContains(t, row, "26588388")
}

func TestHinted(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	inv, err := o.request()
	require.NoError(t, err)
	q := o.db.Read(t.Context())
	ask, err := o.Hinted(t.Context(), q, "bureau", []byte(inv.Serial))
	require.NoError(t, err)
	require.Equal(t, invoice.IssueArgs{ID: inv.ID}, ask)
	require.Equal(t, invoice.Requested, o.get(inv.ID).State, "a hint changes nothing")
	for vendor, serial := range map[string]string{"bureau": "R1B1", "another": inv.Serial} {
		_, err := o.Hinted(t.Context(), q, vendor, []byte(serial))
		require.True(t, fault.HasKey(err, "callback_unknown"), vendor)
	}
}

func TestBuyerCheck(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(*invoice.Buyer)
		want  []fault.Field
	}{
		"complete":            {func(*invoice.Buyer) {}, nil},
		"general without tax": {func(b *invoice.Buyer) { b.Kind, b.TaxID = invoice.General, "" }, nil},
		"special without tax": {func(b *invoice.Buyer) { b.TaxID = "" }, []fault.Field{{Name: "invoice.tax_id", Key: "tax_id_wrong"}}},
		"check digit":         {func(b *invoice.Buyer) { b.TaxID = "914403001922038217" }, []fault.Field{{Name: "invoice.tax_id", Key: "tax_id_wrong"}}},
		"no title":            {func(b *invoice.Buyer) { b.Title = "" }, []fault.Field{{Name: "invoice.title", Key: "field_required"}}},
		"kind":                {func(b *invoice.Buyer) { b.Kind = "paper" }, []fault.Field{{Name: "invoice.kind", Key: "field_not_offered"}}},
	} {
		b := buyer()
		tc.spoil(&b)
		require.Equal(t, tc.want, b.Check("invoice"), name)
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	net, tax := invoice.Split(20000, 6)
	require.Equal(t, []money.Fen{18868, 1132}, []money.Fen{net, tax})
	rapid.Check(t, func(t *rapid.T) {
		total := money.Fen(rapid.Int64Range(1, 1e12).Draw(t, "total"))
		percent := rapid.SampledFrom([]int{0, 1, 3, 6, 9, 13}).Draw(t, "percent")
		net, tax := invoice.Split(total, percent)
		require.Equal(t, total, net+tax)
		// tax is what comes nearest to net · rate: half a fen off at most, counted in hundredths of the base.
		off := int64(tax)*int64(100+percent) - int64(total)*int64(percent)
		require.LessOrEqual(t, 2*max(off, -off), int64(100+percent))
	})
}
