package reconcile_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"caconsole/admin/actor"
	"caconsole/admin/money"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/seal"
	"caconsole/admin/seal/folder"
	"caconsole/reconcile"
)

var now = time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)

const (
	ownAccount = "755900000000019"
	ownName    = "深圳市样例电子认证服务有限公司"
	unit       = "阳江市海陵湾检修服务有限公司"
	otherUnit  = "湛江市东海岛管道工程有限公司"
)

// desk is a ledger on a database of its own, with one project, one account and one clerk.
type desk struct {
	db      *pg.DB
	ring    *seal.Ring
	ledger  *reconcile.Ledger
	orders  *order.Orders
	project uuid.UUID
	clerk   actor.Actor
}

func setup(t *testing.T) *desk {
	t.Helper()
	db := pgtest.New(t)
	keys, err := seal.NewKeys()
	require.NoError(t, err)
	ring, err := seal.ParseKeys(keys)
	require.NoError(t, err)
	clock := func() time.Time { return now }
	blobs, err := folder.Open(t.TempDir(), clock)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, blobs.Close()) })

	d := &desk{db: db, ring: ring, project: uuid.New(), clerk: actor.Actor{Kind: actor.Staff, ID: uuid.New(), AllProjects: true}}
	d.ledger = reconcile.New(db, seal.Vault{Ring: ring, Blobs: blobs}, clock, order.ValidNo)
	d.orders = order.NewOrders(ring, clock, func(context.Context, pg.Q, uuid.UUID, time.Time) (time.Time, error) { return now, nil })
	d.exec(t, "INSERT INTO project (id, code, name, created_at) VALUES (?, 'cgn', '中广核', ?)", d.project, now)
	d.exec(t, `INSERT INTO staff (id, login, name, no, state, on_duty, all_projects, created_at, updated_at)
		VALUES (?, 'finance', '陈志强', '0305', 'active', true, true, ?, ?)`, d.clerk.ID, now, now)
	d.tx(t, func(ctx context.Context, tx pg.Tx) error {
		_, err := d.ledger.AddAccount(ctx, tx, reconcile.Account{
			ProjectID: d.project, Bank: "CMB", Branch: "招商银行深圳科技园支行", No: ownAccount, OwnName: ownName,
		})
		return err
	})
	return d
}

func (d *desk) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	d.tx(t, func(_ context.Context, tx pg.Tx) error { return tx.Gorm().Exec(sql, args...).Error })
}

func (d *desk) tx(t *testing.T, fn func(ctx context.Context, tx pg.Tx) error) {
	t.Helper()
	require.NoError(t, d.db.InTx(t.Context(), fn))
}

// owe makes an order and opens its receivable.
func (d *desk) owe(t *testing.T, holder string, fen money.Fen) reconcile.Receivable {
	t.Helper()
	var rec reconcile.Receivable
	d.tx(t, func(ctx context.Context, tx pg.Tx) error {
		person := order.Person{Name: "张敏", IDNumber: "440106199001010026", Phone: "13800000000", Email: "z@example.cn"}
		o, err := d.orders.Create(ctx, tx, d.clerk, order.New{
			ProjectID: d.project, Kind: order.Renewal, Path: order.Reviewed, OldPairID: uuid.New(), Serial: "1A", MediumNo: "3888",
			CertType: "organisation", Years: 2, AmountFen: fen, Holder: holder, OrgIDKind: "uscc", OrgIDNumber: "91440300",
			Agent: person, Legal: person,
		})
		if err != nil {
			return err
		}
		rec, err = d.ledger.OpenReceivable(ctx, tx, reconcile.Owed{OrderID: o.ID, OrderNo: o.No, ProjectID: d.project, Holder: holder, Due: fen})
		return err
	})
	return rec
}

// credit is a line of a statement: money in from a payer with a remark.
type credit struct {
	payer, text string
	yuan        float64
}

// statement draws a workbook of variant A with right control facts.
func statement(t *testing.T, credits ...credit) []byte {
	t.Helper()
	total := 0.0
	for _, c := range credits {
		total += c.yuan
	}
	rows := [][]any{
		{"账号名称", ownName, "银行账号", ownAccount},
		{"累计贷金额", total, "累计贷总笔数", len(credits)},
		{"对账单期初余额", 1000.0, "对账单余额", 1000 + total},
		{"记录条数", len(credits)},
		{"账号", "币种", "交易日", "交易时间", "借方金额", "贷方金额", "余额", "摘要", "流水号", "收(付)方名称", "收(付)方账号"},
	}
	balance := 1000.0
	for i, c := range credits {
		balance += c.yuan
		rows = append(rows, []any{ownAccount, "人民币", "20261122", "093318", nil, c.yuan, balance, c.text, fmt.Sprintf("C%03d", i), c.payer, "6222000000006620"})
	}
	return workbook(t, rows)
}

func workbook(t *testing.T, rows [][]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	for i, cells := range rows {
		require.NoError(t, f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &cells))
	}
	b, err := f.WriteToBuffer()
	require.NoError(t, err)
	require.NoError(t, f.Close())
	return b.Bytes()
}

// preview receives and keeps a file.
func (d *desk) preview(t *testing.T, body []byte) (b reconcile.Batch, err error) {
	t.Helper()
	in, err := d.ledger.Receive(t.Context(), d.clerk, "cmb.xlsx", body)
	if err != nil {
		return b, err
	}
	err = d.db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
		b, _, err = d.ledger.Keep(ctx, tx, d.clerk, in)
		return err
	})
	return b, err
}

func (d *desk) commit(t *testing.T, id uuid.UUID) (b reconcile.Batch, err error) {
	t.Helper()
	c, err := d.ledger.Open(t.Context(), d.clerk, id)
	require.NoError(t, err)
	err = d.db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
		b, err = d.ledger.Commit(ctx, tx, d.clerk, c)
		return err
	})
	return b, err
}

// book imports and commits a statement.
func (d *desk) book(t *testing.T, credits ...credit) reconcile.Batch {
	t.Helper()
	b, err := d.preview(t, statement(t, credits...))
	require.NoError(t, err)
	b, err = d.commit(t, b.ID)
	require.NoError(t, err)
	return b
}

func (d *desk) allocate(t *testing.T, a reconcile.Allocation) (settled bool, err error) {
	t.Helper()
	err = d.db.InTx(t.Context(), func(ctx context.Context, tx pg.Tx) error {
		settled, err = d.ledger.Allocate(ctx, tx, a)
		return err
	})
	return settled, err
}

// document stands in for an uploaded voucher.
func (d *desk) document(t *testing.T, id, orderID uuid.UUID) {
	t.Helper()
	d.exec(t, `INSERT INTO document (id, order_id, project_id, kind, version, state, form_version, mime, pages, size_bytes, sm3,
		object_key, data_key_sealed, images, created_at)
		SELECT ?, id, project_id, 'remittance_voucher', (SELECT count(*) + 1 FROM document d WHERE d.order_id = orders.id), 'superseded', 0,
		'image/png', 1, 1, sha256('x'), gen_random_uuid()::text, decode('01' || repeat('00', 40), 'hex'), 'ready', ? FROM orders WHERE id = ?`, id, now, orderID)
}

// lines are the ids of a batch's lines in file order.
func (d *desk) lines(t *testing.T, b reconcile.Batch) (ids []uuid.UUID) {
	t.Helper()
	err := d.db.Read(t.Context()).Gorm().Table("bank_line").Where("batch_id = ?", b.ID).Order("row_no").Pluck("id", &ids).Error
	require.NoError(t, err)
	return ids
}
