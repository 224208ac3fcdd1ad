package reconcile_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/reconcile"
)

func TestImportAndCommit(t *testing.T) {
	d := setup(t)
	body := statement(t, credit{unit, "续期", 400}, credit{unit, "续期", 400}, credit{"王某某", "代付", 200})
	b, err := d.preview(t, body)
	require.NoError(t, err)
	require.Equal(t, reconcile.Checked, b.State)
	require.Equal(t, 3, b.Total)
	require.EqualValues(t, 100000, b.In)
	require.True(t, *b.ChainOK && *b.TotalsOK)

	again, err := d.preview(t, body)
	require.NoError(t, err)
	require.Equal(t, b.ID, again.ID, "the same bytes are the same batch")

	b, err = d.commit(t, b.ID)
	require.NoError(t, err)
	require.Equal(t, reconcile.Committed, b.State)
	require.Equal(t, 3, b.New)

	_, err = d.preview(t, body)
	require.True(t, fault.HasKey(err, "statement_known"), "%v", err)
	_, err = d.commit(t, b.ID)
	require.True(t, fault.HasKey(err, "statement_committed"), "%v", err)
}

func TestOverlappingFileBringsOnlyWhatIsNew(t *testing.T) {
	d := setup(t)
	twin := credit{unit, "续期", 400}
	d.book(t, credit{otherUnit, "货款", 100})
	first := d.book(t, twin, credit{otherUnit, "货款", 300})
	require.Equal(t, 2, first.New)

	b, err := d.preview(t, statement(t, twin, credit{otherUnit, "货款", 300}, credit{unit, "又一笔", 200}))
	require.NoError(t, err)
	c, err := d.ledger.Open(t.Context(), d.clerk, b.ID)
	require.NoError(t, err)
	judged, err := d.ledger.Judge(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, []reconcile.Verdict{reconcile.IsKnown, reconcile.IsKnown, reconcile.IsNew},
		[]reconcile.Verdict{judged[0].Verdict, judged[1].Verdict, judged[2].Verdict})
	b, err = d.commit(t, b.ID)
	require.NoError(t, err)
	require.Equal(t, 1, b.New)
	require.Equal(t, 2, b.Known)
}

func TestEqualRowsOfOneFileAreBothKept(t *testing.T) {
	d := setup(t)
	rows := [][]any{
		{"账号名称", ownName, "银行账号", ownAccount},
		{"账号", "交易日", "借方金额", "贷方金额", "摘要", "收(付)方名称"},
		{ownAccount, "20261122", nil, 400, "续期", unit},
		{ownAccount, "20261122", nil, 400, "续期", unit},
	}
	b, err := d.preview(t, workbook(t, rows))
	require.NoError(t, err)
	require.Nil(t, b.ChainOK)
	b, err = d.commit(t, b.ID)
	require.NoError(t, err)
	require.Equal(t, 2, b.New)

	longer, err := d.preview(t, workbook(t, append(rows, rows[2])))
	require.NoError(t, err)
	longer, err = d.commit(t, longer.ID)
	require.NoError(t, err)
	require.Equal(t, 1, longer.New, "a third equal row is a third payment")
}

func TestPreviousBatch(t *testing.T) {
	d := setup(t)
	b, err := d.preview(t, statement(t, credit{unit, "续期", 400}))
	require.NoError(t, err)
	_, err = d.ledger.Previous(t.Context(), b)
	require.True(t, fault.HasKey(err, "statement_first"), "%v", err)
	_, err = d.commit(t, b.ID)
	require.NoError(t, err)
	next, err := d.preview(t, statement(t, credit{unit, "续期", 600}))
	require.NoError(t, err)
	prev, err := d.ledger.Previous(t.Context(), next)
	require.NoError(t, err)
	require.Equal(t, b.ID, prev.ID)
	require.EqualValues(t, 140000, *prev.Closing)
	require.Equal(t, "2026-11-22", prev.LastOn.Format(time.DateOnly))
}

func TestBrokenStatementIsNotCommitted(t *testing.T) {
	d := setup(t)
	b, err := d.preview(t, workbook(t, [][]any{
		{"账号名称", ownName, "银行账号", ownAccount},
		{"记录条数", 2},
		{"账号", "交易日", "借方金额", "贷方金额", "余额", "摘要", "收(付)方名称"},
		{ownAccount, "20261122", nil, "4OO.00", 1400, "续期", unit},
		{ownAccount, "20261122", nil, 200, 1600, "续期", unit},
	}))
	require.NoError(t, err)
	require.Equal(t, reconcile.Draft, b.State)
	require.Equal(t, 1, b.Rejected)
	_, err = d.commit(t, b.ID)
	require.True(t, fault.HasKey(err, "statement_not_checked"), "%v", err)
}

func TestFilesThatAreRefused(t *testing.T) {
	d := setup(t)
	stranger := d.clerk
	stranger.AllProjects, stranger.Projects = false, []uuid.UUID{uuid.New()}
	foreign := workbook(t, [][]any{
		{"银行账号", "110900000000001"}, {"账号", "交易日", "借方金额", "贷方金额", "收(付)方名称"}, {"110900000000001", "20261122", nil, 4, unit},
	})
	nobodys := workbook(t, [][]any{
		{"账号", "交易日", "借方金额", "贷方金额", "收(付)方名称"}, {nil, "20261122", nil, 4, unit},
	})
	for key, c := range map[string]struct {
		who  actor.Actor
		body []byte
	}{
		"statement_account_unknown": {d.clerk, foreign},
		"statement_account_missing": {d.clerk, nobodys},
		"statement_unreadable":      {d.clerk, []byte("PK\x03\x04 and no more")},
		"statement_too_large":       {d.clerk, make([]byte, 21<<20)},
		"statement_empty":           {d.clerk, nil},
	} {
		_, err := d.ledger.Receive(t.Context(), c.who, "x.xlsx", c.body)
		require.True(t, fault.HasKey(err, key), "%s: %v", key, err)
	}
	_, err := d.ledger.Receive(t.Context(), stranger, "x.xlsx", statement(t, credit{unit, "", 1}))
	require.True(t, fault.HasKey(err, "statement_account_unknown"), "another project's account does not exist: %v", err)
}

func TestPersonsAndAccountsAreSealed(t *testing.T) {
	d := setup(t)
	d.book(t, credit{"王某某", "代付", 200}, credit{unit, "续期", 400})
	var all []map[string]any
	require.NoError(t, d.db.Read(t.Context()).Gorm().Table("bank_line").Order("row_no").Find(&all).Error)
	require.Equal(t, "王**", all[0]["payer_name"])
	require.NotNil(t, all[0]["payer_name_sealed"])
	require.Equal(t, unit, all[1]["payer_name"])
	require.Nil(t, all[1]["payer_name_sealed"])
	for _, row := range all {
		require.Equal(t, "2026-11-22", row["booked_on"].(time.Time).Format(time.DateOnly), "the Beijing day")
		require.Equal(t, "****6620", row["payer_account_mask"])
		for column, v := range row {
			text, _ := v.(string)
			require.False(t, strings.Contains(text, "王某某") || strings.Contains(text, "6222000000006620"), "%s: %v", column, v)
		}
	}
}

func TestMatchRunProposesAndAllocates(t *testing.T) {
	d := setup(t)
	sure, unsure := d.owe(t, unit, 40000), d.owe(t, otherUnit, 40000)
	d.book(t, credit{unit, "续期费" + sure.OrderNo, 400}, credit{otherUnit, "续期费", 400})

	auto, err := d.ledger.Run(t.Context())
	require.NoError(t, err)
	require.Len(t, auto, 1)
	require.Equal(t, sure.OrderNo, auto[0].OrderNo)
	again, err := d.ledger.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, auto, again, "a second run writes the same")

	p := auto[0]
	al := reconcile.Allocation{LineID: p.Line, ReceivableID: p.Order, Amount: p.Amount, Source: reconcile.Auto, Score: p.Score, Reasons: p.Reasons}
	settled, err := d.allocate(t, al)
	require.NoError(t, err)
	require.True(t, settled)
	_, err = d.allocate(t, al)
	require.True(t, fault.HasKey(err, "match_stale"), "%v", err)

	auto, err = d.ledger.Run(t.Context())
	require.NoError(t, err)
	require.Empty(t, auto)
	var left int64
	require.NoError(t, d.db.Read(t.Context()).Gorm().Table("match_proposal").Where("receivable_id = ?", unsure.ID).Count(&left).Error)
	require.EqualValues(t, 1, left, "the holder's amount without a reference stays a suggestion")
}

func TestVoucherClaimMatches(t *testing.T) {
	d := setup(t)
	rec, other := d.owe(t, unit, 40000), d.owe(t, otherUnit, 60000)
	claim := func(of reconcile.Receivable, image byte) {
		document := uuid.New()
		d.document(t, document, of.OrderID)
		d.tx(t, func(ctx context.Context, tx pg.Tx) error {
			return d.ledger.AddClaimEvidence(ctx, tx, reconcile.Evidence{
				OrderID: of.OrderID, DocumentID: document, ImageSM3: append(make([]byte, 31), image), PayerName: of.Payer, Amount: of.Due, PaidOn: now,
			})
		})
	}
	claim(rec, 1)
	d.book(t, credit{unit, "续期费", 400})
	auto, err := d.ledger.Run(t.Context())
	require.NoError(t, err)
	require.Len(t, auto, 1)

	claim(other, 1)
	auto, err = d.ledger.Run(t.Context())
	require.NoError(t, err)
	require.Empty(t, auto, "one image for two orders proves neither")

	claim(other, 2)
	auto, err = d.ledger.Run(t.Context())
	require.NoError(t, err)
	require.Len(t, auto, 1, "another upload took its place")
}

func TestAllocationByHand(t *testing.T) {
	d := setup(t)
	rec := d.owe(t, unit, 60000)
	b := d.book(t, credit{"王某某", "代付", 400}, credit{otherUnit, "", 400}, credit{otherUnit, "退汇", 400})
	lines := d.lines(t, b)
	choose := func(line uuid.UUID) reconcile.Chosen {
		c, err := d.ledger.Choose(t.Context(), d.db.Read(t.Context()), d.clerk, line, rec.OrderNo)
		require.NoError(t, err)
		return c
	}
	give := func(line uuid.UUID) (bool, error) {
		c := choose(line)
		return d.allocate(t, reconcile.Allocation{LineID: line, ReceivableID: rec.ID, Amount: c.Amount(), Source: reconcile.Manual, By: d.clerk.ID})
	}
	settled, err := give(lines[0])
	require.NoError(t, err)
	require.False(t, settled, "400 of 600")
	require.EqualValues(t, 20000, choose(lines[1]).Amount())
	settled, err = give(lines[1])
	require.NoError(t, err)
	require.True(t, settled)
	_, err = give(lines[0])
	require.True(t, fault.HasKey(err, "line_allocated"), "%v", err)
	_, err = d.allocate(t, reconcile.Allocation{LineID: lines[1], ReceivableID: rec.ID, Amount: 1, Source: reconcile.Manual, By: d.clerk.ID})
	require.True(t, fault.HasKey(err, "receivable_paid"), "%v", err)

	stranger := d.clerk
	stranger.AllProjects = false
	_, err = d.ledger.Choose(t.Context(), d.db.Read(t.Context()), stranger, lines[2], rec.OrderNo)
	require.True(t, fault.Is(err, fault.NotFound), "%v", err)
}

// Ten clerks give the same line to the same order at once: one of them does, and the sums hold.
func TestAllocateOnceUnderConcurrency(t *testing.T) {
	d := setup(t)
	rec := d.owe(t, unit, 40000)
	b := d.book(t, credit{unit, rec.OrderNo, 400})
	line := d.lines(t, b)[0]
	var wg sync.WaitGroup
	results := make(chan error, 10)
	for range 10 {
		wg.Go(func() {
			results <- d.db.InTx(context.WithoutCancel(t.Context()), func(ctx context.Context, tx pg.Tx) error {
				_, err := d.ledger.Allocate(ctx, tx, reconcile.Allocation{LineID: line, ReceivableID: rec.ID, Amount: 40000, Source: reconcile.Manual, By: d.clerk.ID})
				return err
			})
		})
	}
	wg.Wait()
	close(results)
	done := 0
	for err := range results {
		if err == nil {
			done++
			continue
		}
		require.True(t, fault.Is(err, fault.Conflict), "%v", err)
	}
	require.Equal(t, 1, done)
	var sum int64
	require.NoError(t, d.db.Read(t.Context()).Gorm().Table("allocation").Select("sum(amount_fen)").Scan(&sum).Error)
	require.EqualValues(t, 40000, sum)
}

func TestAllocationsAreAppendOnly(t *testing.T) {
	d := setup(t)
	for _, sql := range []string{"UPDATE allocation SET amount_fen = 1", "DELETE FROM allocation", "DELETE FROM bank_line", "DELETE FROM receivable"} {
		err := d.db.InTx(t.Context(), func(_ context.Context, tx pg.Tx) error { return tx.Gorm().Exec(sql).Error })
		require.ErrorContains(t, err, "permission denied", sql)
	}
}
