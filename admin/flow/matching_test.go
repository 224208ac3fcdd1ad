package flow_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
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
	"caconsole/reconcile"
)

var matchNow = time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)

const payingUnit = "阳江市海陵湾检修服务有限公司"

// till is finance's part of the flow on a database of its own.
type till struct {
	*flow.Flow
	project         uuid.UUID
	clerk, reviewer actor.Actor
	wanted          *wanted
}

// wanted records which jobs were asked for.
type wanted struct{ kinds []string }

func (w *wanted) Enqueue(_ context.Context, _ pg.Tx, args river.JobArgs, _ ...job.Option) error {
	w.kinds = append(w.kinds, args.Kind())
	return nil
}

func newTill(t *testing.T) *till {
	t.Helper()
	db := pgtest.New(t)
	keys, err := seal.NewKeys()
	require.NoError(t, err)
	ring, err := seal.ParseKeys(keys)
	require.NoError(t, err)
	checkpoints, err := ring.CheckpointKey()
	require.NoError(t, err)
	clock := func() time.Time { return matchNow }
	blobs, err := folder.Open(t.TempDir(), clock)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, blobs.Close()) })
	due := func(context.Context, pg.Q, uuid.UUID, time.Time) (time.Time, error) { return matchNow, nil }
	vault := seal.Vault{Ring: ring, Blobs: blobs}
	f := &till{project: uuid.New(), wanted: &wanted{}}
	f.Flow = &flow.Flow{
		DB: db, Now: clock, Log: slog.New(slog.DiscardHandler), Jobs: f.wanted, Audit: audit.New(db, checkpoints, clock),
		Ledger: reconcile.New(db, vault, clock, order.ValidNo), Invoices: invoice.New(db, vault, nil, clock),
		Messages: notify.New(notify.Options{DB: db, Ring: ring, Jobs: f.wanted, Now: clock}),
		Orders:   order.NewOrders(ring, clock, due), Payments: payment.New(clock), Projects: &project.Projects{},
	}
	f.clerk, f.reviewer = f.person(t, "finance", "0305"), f.person(t, "reviewer", "0217")
	f.tx(t, func(ctx context.Context, tx pg.Tx) error {
		err := tx.Gorm().Exec("INSERT INTO project (id, code, name, created_at) VALUES (?, 'cgn', '中广核', ?)", f.project, matchNow).Error
		if err != nil {
			return err
		}
		_, err = f.Ledger.AddAccount(ctx, tx, reconcile.Account{
			ProjectID: f.project, Bank: "CMB", Branch: "招商银行深圳科技园支行", No: "755900000000019", OwnName: "样例电子认证",
		})
		return err
	})
	return f
}

func (f *till) person(t *testing.T, login, no string) actor.Actor {
	t.Helper()
	a := actor.Actor{Kind: actor.Staff, ID: uuid.New(), Name: login, AllProjects: true}
	f.tx(t, func(_ context.Context, tx pg.Tx) error {
		return tx.Gorm().Exec(`INSERT INTO staff (id, login, name, no, state, on_duty, all_projects, created_at, updated_at)
			VALUES (?, ?, ?, ?, 'active', true, true, ?, ?)`, a.ID, login, login, no, matchNow, matchNow).Error
	})
	return a
}

func (f *till) tx(t *testing.T, fn func(ctx context.Context, tx pg.Tx) error) {
	t.Helper()
	require.NoError(t, f.DB.InTx(t.Context(), fn))
}

// awaiting makes an order whose transfer is awaited; all else a reviewer needs is there.
func (f *till) awaiting(t *testing.T, holder string) (o order.Order) {
	t.Helper()
	a := actor.Job("test")
	f.tx(t, func(ctx context.Context, tx pg.Tx) error {
		person := order.Person{Name: "张敏", IDNumber: "440106199001010026", Phone: "13800000000", Email: "z@example.cn"}
		created, err := f.Orders.Create(ctx, tx, a, order.New{
			ProjectID: f.project, Kind: order.Renewal, Path: order.Reviewed, OldPairID: uuid.New(), Serial: "1A", MediumNo: "3888",
			CertType: "organisation", Years: 2, AmountFen: 40000, Holder: holder, OrgIDKind: "uscc", OrgIDNumber: "91440300",
			Agent: person, Legal: person,
		})
		if err != nil {
			return err
		}
		_, err = f.Payments.Choose(ctx, tx, payment.Choice{
			OrderID: created.ID, OrderNo: created.No, Amount: created.AmountFen,
			Account: payment.Account{No: "755900000000019", Bank: "招商银行", Name: "样例电子认证"},
		})
		if err != nil {
			return err
		}
		buyer := invoice.Buyer{Kind: invoice.General, Title: holder, TaxID: "91440300"}
		if err := f.Invoices.SetBuyer(ctx, tx, created.ID, buyer); err != nil {
			return err
		}
		owed := reconcile.Owed{OrderID: created.ID, OrderNo: created.No, ProjectID: f.project, Holder: holder, Due: 40000}
		if _, err := f.Ledger.OpenReceivable(ctx, tx, owed); err != nil {
			return err
		}
		for _, step := range []func(*order.Gates){
			func(g *order.Gates) { g.Identity, g.Telecom, g.Documents = order.Pending, order.Match, order.Uploaded },
			func(g *order.Gates) {
				g.Identity, g.Payment, g.Method = order.Passed, order.Awaiting, order.Transfer
			},
		} {
			o, err = f.Orders.Change(ctx, tx, a, created.No, "test.prepared", func(g *order.Gates) error { step(g); return nil })
			if err != nil {
				return err
			}
		}
		return nil
	})
	require.Equal(t, order.StageTransfer, o.Stage)
	return o
}

// booked imports and commits one statement with a credit of 400 yuan for each payer and remark.
func (f *till) booked(t *testing.T, credits ...[2]string) {
	t.Helper()
	rows := [][]any{
		{"账号名称", "样例电子认证", "银行账号", "755900000000019"},
		{"记录条数", len(credits)},
		{"账号", "交易日", "借方金额", "贷方金额", "余额", "摘要", "收(付)方名称"},
	}
	for i, c := range credits {
		rows = append(rows, []any{"755900000000019", "20261122", nil, 400, 1000 + 400*(i+1), c[1], c[0]})
	}
	w := excelize.NewFile()
	for i, cells := range rows {
		require.NoError(t, w.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &cells))
	}
	body, err := w.WriteToBuffer()
	require.NoError(t, err)
	require.NoError(t, w.Close())
	b, err := f.ImportStatement(t.Context(), f.clerk, "cmb.xlsx", body.Bytes())
	require.NoError(t, err)
	b, err = f.CommitStatement(t.Context(), f.clerk, b.ID)
	require.NoError(t, err)
	require.Equal(t, len(credits), b.New)
}

func (f *till) order(t *testing.T, no string) order.Order {
	t.Helper()
	o, err := f.Orders.Get(t.Context(), f.DB.Read(t.Context()), f.clerk, no)
	require.NoError(t, err)
	return o
}

func (f *till) line(t *testing.T, payer string) (id uuid.UUID) {
	t.Helper()
	var ids []uuid.UUID
	err := f.DB.Read(t.Context()).Gorm().Table("bank_line").Where("payer_name = ?", payer).Pluck("id", &ids).Error
	require.NoError(t, err)
	require.Len(t, ids, 1)
	return ids[0]
}

func TestTransferIsMatchedByItself(t *testing.T) {
	f := newTill(t)
	o := f.awaiting(t, payingUnit)
	f.booked(t, [2]string{payingUnit, "续期费" + o.No}, [2]string{"别的公司", "货款"})
	require.Contains(t, f.wanted.kinds, flow.MatchRunArgs{}.Kind())

	require.NoError(t, f.MatchRun(t.Context()))
	o = f.order(t, o.No)
	require.Equal(t, order.Settled, o.Gates.Payment)
	require.Equal(t, order.Requested, o.Gates.Invoice)
	require.Contains(t, f.wanted.kinds, invoice.IssueArgs{}.Kind())
	require.Equal(t, order.StageReview, o.Stage, "money was the last thing missing")
	intent, err := f.Payments.Intent(t.Context(), f.DB.Read(t.Context()), o.ID)
	require.NoError(t, err)
	require.Equal(t, payment.Settled, intent.State)
	require.NoError(t, f.MatchRun(t.Context()), "again, with nothing left to do")
}

func TestMoneyForAClosedOrderStaysOpen(t *testing.T) {
	f := newTill(t)
	o := f.awaiting(t, payingUnit)
	f.tx(t, func(ctx context.Context, tx pg.Tx) error {
		_, err := f.Orders.Change(ctx, tx, actor.Job("test"), o.No, "order.closed", func(g *order.Gates) error { return g.Close(order.ClosedUnpaid) })
		return err
	})
	f.booked(t, [2]string{payingUnit, o.No})
	require.NoError(t, f.MatchRun(t.Context()))
	require.Equal(t, order.StageClosed, f.order(t, o.No).Stage)
	_, err := f.AllocateByHand(t.Context(), f.clerk, f.line(t, payingUnit), o.No)
	require.True(t, fault.HasKey(err, "payment_not_awaited"), "%v", err)
}

func TestAllocateByHand(t *testing.T) {
	f := newTill(t)
	o := f.awaiting(t, payingUnit)
	f.booked(t, [2]string{"母公司集团", "代付续期"})
	require.NoError(t, f.MatchRun(t.Context()))
	require.Equal(t, order.StageTransfer, f.order(t, o.No).Stage, "another payer is never matched by itself")
	line := f.line(t, "母公司集团")

	f.tx(t, func(ctx context.Context, tx pg.Tx) error {
		return f.Orders.TakeDuty(ctx, tx, o.ID, f.reviewer.ID, order.DutyReview)
	})
	_, err := f.AllocateByHand(t.Context(), f.reviewer, line, o.No)
	require.True(t, fault.HasKey(err, "four_eyes"), "%v", err)
	require.Equal(t, order.StageTransfer, f.order(t, o.No).Stage)

	done, err := f.AllocateByHand(t.Context(), f.clerk, line, o.No)
	require.NoError(t, err)
	require.True(t, done.Settled)
	require.EqualValues(t, 40000, done.Amount)
	require.Equal(t, order.StageReview, f.order(t, o.No).Stage)
	_, err = f.AllocateByHand(t.Context(), f.clerk, line, o.No)
	require.True(t, fault.Is(err, fault.Conflict), "%v", err)
}

func TestRefusedStatementIsOnRecord(t *testing.T) {
	f := newTill(t)
	_, err := f.ImportStatement(t.Context(), f.clerk, "x.xlsx", []byte("PK\x03\x04"))
	require.True(t, fault.HasKey(err, "statement_unreadable"), "%v", err)
	var reason []string
	err = f.DB.Read(t.Context()).Gorm().Table("audit_entry").Where("action = 'statement.imported'").Pluck("reason", &reason).Error
	require.NoError(t, err)
	require.Equal(t, []string{"statement_unreadable"}, reason)
}
