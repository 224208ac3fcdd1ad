package payment_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/seal"
)

// now is 00:30 in Beijing, when the day there is one ahead of UTC's.
var now = time.Date(2026, 11, 21, 16, 30, 0, 0, time.UTC)

var beijing = time.FixedZone("CST", 8*3600)

type till struct {
	db       *pg.DB
	orders   *order.Orders
	payments *payment.Payments
	project  uuid.UUID
}

func setup(t *testing.T) *till {
	t.Helper()
	keys, err := seal.NewKeys()
	require.NoError(t, err)
	ring, err := seal.ParseKeys(keys)
	require.NoError(t, err)
	clock := func() time.Time { return now }
	c := &till{db: pgtest.New(t), payments: payment.New(clock), project: uuid.New()}
	c.orders = order.NewOrders(ring, clock, func(context.Context, pg.Q, uuid.UUID, time.Time) (time.Time, error) { return now, nil })
	c.tx(t, func(_ context.Context, tx pg.Tx) error {
		return tx.Gorm().Exec("INSERT INTO project (id, code, name, created_at) VALUES (?, 'cgn', '中广核', ?)", c.project, now).Error
	})
	return c
}

func (c *till) tx(t *testing.T, fn func(ctx context.Context, tx pg.Tx) error) {
	t.Helper()
	require.NoError(t, c.db.InTx(t.Context(), fn))
}

func (c *till) order(t *testing.T) (o order.Order) {
	t.Helper()
	c.tx(t, func(ctx context.Context, tx pg.Tx) (err error) {
		person := order.Person{Name: "张敏", IDNumber: "440106199001010026", Phone: "13800000000", Email: "z@example.cn"}
		o, err = c.orders.Create(ctx, tx, actor.Job("test"), order.New{
			ProjectID: c.project, Kind: order.Renewal, Path: order.Reviewed, OldPairID: uuid.New(), Serial: "1A", MediumNo: "3888",
			CertType: "organisation", Years: 2, AmountFen: 40000, Holder: "阳江市海陵湾检修服务有限公司", OrgIDKind: "uscc",
			OrgIDNumber: "91440300", Agent: person, Legal: person,
		})
		return err
	})
	return o
}

func (c *till) choose(t *testing.T, o order.Order, account string) (got payment.Instruction, err error) {
	t.Helper()
	err = c.db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
		got, err = c.payments.Choose(ctx, tx, payment.Choice{
			OrderID: o.ID, OrderNo: o.No, Amount: o.AmountFen,
			Account: payment.Account{No: account, Bank: "招商银行深圳科技园支行", Name: "样例电子认证"},
		})
		return err
	})
	return got, err
}

func TestChooseTransfer(t *testing.T) {
	c := setup(t)
	o := c.order(t)
	got, err := c.choose(t, o, "755900000000019")
	require.NoError(t, err)
	require.Equal(t, o.No, got.Reference)
	require.EqualValues(t, 40000, got.Amount)

	again, err := c.choose(t, o, "755900000000027")
	require.NoError(t, err)
	require.Equal(t, got, again, "what a payer was told holds")

	o.AmountFen = 60000
	_, err = c.choose(t, o, "755900000000019")
	require.True(t, fault.HasKey(err, "payment_amount_changed"), "%v", err)
}

func TestIntentMovesOnce(t *testing.T) {
	c := setup(t)
	o := c.order(t)
	settle := func() error {
		return c.db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error { return c.payments.Settle(ctx, tx, o.ID) })
	}
	require.True(t, fault.HasKey(settle(), "payment_not_awaited"))
	_, err := c.choose(t, o, "755900000000019")
	require.NoError(t, err)
	require.NoError(t, settle())
	require.True(t, fault.HasKey(settle(), "payment_not_awaited"))
	kept, sum, err := c.payments.Kept(t.Context(), c.db.Read(t.Context()), o.ID)
	require.NoError(t, err)
	require.Len(t, kept, 1)
	require.EqualValues(t, 40000, sum)
	intent := kept[0].Intent
	require.Equal(t, payment.Settled, intent.State)
	require.Equal(t, now, intent.SettledAt.UTC())
	require.Equal(t, o.No+"-1", intent.OwnNo)
	_, err = c.payments.Intent(t.Context(), c.db.Read(t.Context()), o.ID)
	require.True(t, fault.Is(err, fault.NotFound), "nothing is awaited any more")
	o.AmountFen = 10000
	_, err = c.choose(t, o, "755900000000019")
	require.NoError(t, err, "a difference may be, beside what is settled")
}

func TestClosedIntentMayBeChosenAnew(t *testing.T) {
	c := setup(t)
	o := c.order(t)
	_, err := c.choose(t, o, "755900000000019")
	require.NoError(t, err)
	c.tx(t, func(ctx context.Context, tx pg.Tx) error { return c.payments.Close(ctx, tx, o.ID) })
	o.AmountFen = 60000
	got, err := c.choose(t, o, "755900000000027")
	require.NoError(t, err)
	require.Equal(t, "755900000000027", got.Account.No)
	intent, err := c.payments.Intent(t.Context(), c.db.Read(t.Context()), o.ID)
	require.NoError(t, err)
	require.Equal(t, o.No+"-2", intent.OwnNo, "a number of ours is never used twice")
}

func (c *till) claim(t *testing.T, o order.Order, image byte, paidOn time.Time) (payment.Claim, error) {
	t.Helper()
	document := uuid.New()
	insertDocument(t, c, document, o.ID)
	var got payment.Claim
	err := c.db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) (err error) {
		got, err = c.payments.AddClaim(ctx, tx, payment.Claim{
			OrderID: o.ID, DocumentID: document, ImageSM3: append(make([]byte, 31), image), PayerName: " 阳江市海陵湾检修服务有限公司 ",
			Amount: 40000, PaidOn: paidOn,
		})
		return err
	})
	return got, err
}

func TestVoucherClaims(t *testing.T) {
	c := setup(t)
	a, b := c.order(t), c.order(t)
	today := time.Date(2026, 11, 22, 0, 0, 0, 0, beijing)
	_, err := c.claim(t, a, 1, today)
	require.NoError(t, err)
	read := func(o order.Order) payment.Claim {
		got, err := c.payments.Claim(t.Context(), c.db.Read(t.Context()), o.ID)
		require.NoError(t, err)
		return got
	}
	require.False(t, read(a).Shared)
	require.True(t, read(a).PaidOn.Equal(today), "%v", read(a).PaidOn)
	require.Equal(t, "阳江市海陵湾检修服务有限公司", read(a).PayerName)

	_, err = c.claim(t, b, 1, today)
	require.NoError(t, err)
	require.True(t, read(a).Shared && read(b).Shared)

	_, err = c.claim(t, b, 2, today)
	require.NoError(t, err)
	require.False(t, read(a).Shared || read(b).Shared, "a new upload takes the old one's place")
}

func TestClaimsThatCannotBeTrue(t *testing.T) {
	c := setup(t)
	o := c.order(t)
	today := time.Date(2026, 11, 22, 0, 0, 0, 0, beijing)
	for name, on := range map[string]time.Time{"tomorrow": today.AddDate(0, 0, 1), "long ago": today.AddDate(-1, 0, 0)} {
		_, err := c.claim(t, o, 1, on)
		require.True(t, fault.HasKey(err, "invalid_field"), "%s: %v", name, err)
		require.Equal(t, "paid_on", fault.Of(err).Fields[0].Name)
	}
	err := c.db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
		_, err := c.payments.AddClaim(ctx, tx, payment.Claim{OrderID: o.ID, PayerName: "", Amount: 0, PaidOn: today})
		return err
	})
	require.Len(t, fault.Of(err).Fields, 2)
}

func insertDocument(t *testing.T, c *till, id, orderID uuid.UUID) {
	t.Helper()
	c.tx(t, func(_ context.Context, tx pg.Tx) error {
		return tx.Gorm().Exec(`INSERT INTO document (id, order_id, project_id, kind, version, state, form_version, mime, pages, size_bytes, sm3,
		object_key, data_key_sealed, images, created_at)
		SELECT ?, id, project_id, 'remittance_voucher', (SELECT count(*) + 1 FROM document d WHERE d.order_id = orders.id), 'superseded', 0,
		'image/png', 1, 1, sha256('x'), gen_random_uuid()::text, decode('01' || repeat('00', 40), 'hex'), 'ready', ? FROM orders WHERE id = ?`, id, now, orderID).Error
	})
}
