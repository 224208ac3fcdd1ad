package invoice_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/invoice"
	"caconsole/admin/pg"
)

// issued is an office whose one invoice is issued.
func issued(t *testing.T) (*office, invoice.Invoice) {
	t.Helper()
	o := newOffice(t)
	inv, err := o.request()
	require.NoError(t, err)
	o.bureau.answer = done()
	require.Error(t, o.work(inv.ID))
	require.NoError(t, o.work(inv.ID))
	return o, inv
}

func (o *office) takeBack() invoice.Taken {
	o.t.Helper()
	var taken invoice.Taken
	require.NoError(o.t, o.tx(func(ctx context.Context, tx pg.Tx) (err error) {
		taken, err = o.TakeBack(ctx, tx, o.order)
		return err
	}))
	return taken
}

// workRed takes a step and returns how the red letter ended, if it did.
func (o *office) workRed(id uuid.UUID) (ended invoice.RedState, err error) {
	o.t.Helper()
	locked := false
	err = o.WorkRed(o.t.Context(), id, invoice.Ending{
		Lock: func(context.Context, pg.Tx, invoice.Red) error { locked = true; return nil },
		Keep: func(_ context.Context, _ pg.Tx, r invoice.Red) error {
			require.True(o.t, locked, "the order comes first")
			o.kept++
			ended = r.State
			return nil
		},
	})
	return ended, err
}

func (o *office) redOf(id uuid.UUID) invoice.Red {
	o.t.Helper()
	r, err := o.Red(o.t.Context(), o.db.Read(o.t.Context()), actor.Job("test"), id)
	require.NoError(o.t, err)
	return r
}

func redDone() invoice.RedAnswer {
	return invoice.RedAnswer{
		Found: true, State: invoice.RedIssued, FormState: "01", FormNo: "F1", Number: "26442000000000000002", PDFURL: "x", Total: 20000,
	}
}

func TestInvoiceNotWithTheVendorIsCancelled(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	require.Equal(t, invoice.Taken{}, o.takeBack(), "nothing was invoiced")
	inv, err := o.request()
	require.NoError(t, err)
	require.Equal(t, invoice.Taken{Cancelled: true}, o.takeBack())
	require.Equal(t, invoice.Taken{}, o.takeBack(), "asked again")
	require.NoError(t, o.work(inv.ID), "the job that was queued comes late")
	require.Empty(t, o.bureau.issued)
	require.Equal(t, invoice.Cancelled, o.get(inv.ID).State)
}

// The vendor is asked once, its answers lead on, and the end is told once.
func TestRedLetterWithABuyerWhoConfirms(t *testing.T) {
	t.Parallel()
	o, inv := issued(t)
	o.kept = 0
	taken := o.takeBack()
	require.True(t, taken.Pending)
	require.Equal(t, taken, o.takeBack(), "asked again, it is the same red letter")
	id := taken.Red

	_, err := o.workRed(id)
	require.True(t, fault.HasKey(err, "invoice_pending"))
	require.Equal(t, []invoice.RedOrder{{Serial: "R26112200017R1", Number: "26442000000000000001", Buyer: withoutPhone()}}, o.bureau.reds)
	for _, next := range []invoice.RedState{invoice.RedAsked, invoice.RedWaitingBuyer, invoice.RedConfirmed} {
		o.bureau.red = invoice.RedAnswer{Found: true, State: next, FormState: "02"}
		_, err = o.workRed(id)
		require.True(t, fault.HasKey(err, "invoice_pending"), next)
		require.Equal(t, next, o.redOf(id).State)
	}
	o.bureau.red = redDone()
	ended, err := o.workRed(id)
	require.NoError(t, err)
	require.Equal(t, invoice.RedIssued, ended)
	_, err = o.workRed(id)
	require.NoError(t, err, "nothing is left to do")
	require.Equal(t, 1, o.kept)
	require.Len(t, o.bureau.reds, 1)
	require.Equal(t, "26442000000000000002", o.redOf(id).Number)
	require.Equal(t, invoice.RedLettered, o.get(inv.ID).State)
	code, err := o.Code(t.Context(), o.db.Read(t.Context()), inv.ID)
	require.NoError(t, err)
	_, _, err = o.PickUp(t.Context(), o.db.Read(t.Context()), code.Reveal())
	require.True(t, fault.HasKey(err, "invoice_taken_back"), "%v", err)
	pdf, err := o.RedPDF(t.Context(), o.db.Read(t.Context()), id)
	require.NoError(t, err)
	require.Equal(t, "%PDF-1.7 invoice", string(pdf))
	require.Equal(t, invoice.Taken{}, o.takeBack(), "taken back already")

	next, err := o.request()
	require.NoError(t, err, "another may take its place")
	require.NotEqual(t, inv.Serial, next.Serial)
	_, err = o.request()
	require.True(t, fault.HasKey(err, "invoice_exists"), "but only one: %v", err)
}

func withoutPhone() invoice.Buyer {
	b := buyer()
	b.Phone = ""
	return b
}

// A call that timed out is asked after; only where the vendor knows nothing is the same number sent again.
func TestRedLetterAfterATimeOut(t *testing.T) {
	t.Parallel()
	o, _ := issued(t)
	id := o.takeBack().Red
	o.bureau.redFail, o.bureau.redMute = silent, silent
	_, err := o.workRed(id)
	require.True(t, fault.HasKey(err, "vendor_unavailable"))
	_, err = o.workRed(id)
	require.True(t, fault.HasKey(err, "vendor_unavailable"))
	require.Len(t, o.bureau.reds, 1, "not sent again while nobody knows")
	o.bureau.redFail, o.bureau.redMute = nil, nil
	_, err = o.workRed(id)
	require.True(t, fault.HasKey(err, "invoice_pending"))
	require.Len(t, o.bureau.reds, 2)
	require.Equal(t, o.bureau.reds[0].Serial, o.bureau.reds[1].Serial)

	hanging, err := o.RedHanging(t.Context(), o.db.Read(t.Context()), o.now.Add(time.Second), 10)
	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{id}, hanging)
}

func TestBlockedRedLetter(t *testing.T) {
	t.Parallel()
	o, _ := issued(t)
	id := o.takeBack().Red
	o.kept = 0
	_, _ = o.workRed(id)
	o.bureau.red = invoice.RedAnswer{Found: true, State: invoice.RedBlocked, FormState: "05", Cause: "red_denied"}
	_, err := o.workRed(id)
	require.NoError(t, err)
	require.Equal(t, invoice.RedBlocked, o.redOf(id).State)
	require.Equal(t, "red_denied", o.redOf(id).LastError)
	hanging, err := o.RedHanging(t.Context(), o.db.Read(t.Context()), o.now.Add(time.Hour), 10)
	require.NoError(t, err)
	require.Empty(t, hanging, "it waits for a person")
	require.True(t, o.takeBack().Pending, "and its money with it")

	require.NoError(t, o.tx(func(ctx context.Context, tx pg.Tx) error { return o.RetryRed(ctx, tx, id) }))
	_, _ = o.workRed(id)
	require.Equal(t, "R26112200017R2", o.bureau.reds[1].Serial, "the vendor takes a number once")
	_, err = o.workRed(id)
	require.NoError(t, err)

	record := func(number string) error {
		return o.tx(func(ctx context.Context, tx pg.Tx) error { return o.RecordRed(ctx, tx, id, number) })
	}
	require.Equal(t, "red_number_wrong", fault.Of(record("26442")).Fields[0].Key)
	require.NoError(t, record("2644 2000 0000 0000 0003"))
	require.Equal(t, invoice.RedIssued, o.redOf(id).State)
	require.True(t, o.redOf(id).ByHand)
	require.True(t, fault.HasKey(record("26442000000000000003"), "red_letter_not_blocked"))
	_, err = o.RedPDF(t.Context(), o.db.Read(t.Context()), id)
	require.True(t, fault.HasKey(err, "invoice_not_issued"))
	require.Zero(t, o.kept)
}

// Refused at once, or for another amount: a person looks.
func TestRedLetterThatTheVendorRefuses(t *testing.T) {
	t.Parallel()
	o, _ := issued(t)
	id := o.takeBack().Red
	o.bureau.redFail = &fault.Error{Kind: fault.Invalid, Key: "invoice_refused", Args: fault.Args{"code": "E1", "cause": "授信额度不足"}}
	_, err := o.workRed(id)
	require.NoError(t, err)
	require.Equal(t, "授信额度不足", o.redOf(id).LastError)

	o, _ = issued(t)
	id = o.takeBack().Red
	_, _ = o.workRed(id)
	o.bureau.red = redDone()
	o.bureau.red.Total = 100
	_, err = o.workRed(id)
	require.NoError(t, err)
	require.Equal(t, "amount_differs", o.redOf(id).LastError)
}

// The order ended while its invoice was being issued: what becomes of it decides.
func TestInvoiceUnderWayIsTakenBackOnceItIsThere(t *testing.T) {
	t.Parallel()
	for name, failed := range map[string]bool{"issued": false, "failed": true} {
		o := newOffice(t)
		inv, err := o.request()
		require.NoError(t, err)
		require.Error(t, o.work(inv.ID))
		taken := o.takeBack()
		require.True(t, taken.Pending, name)
		_, err = o.workRed(taken.Red)
		require.True(t, fault.HasKey(err, "invoice_pending"), name)
		require.Empty(t, o.bureau.reds, name)
		o.bureau.answer, o.bureau.red = done(), redDone()
		if failed {
			o.bureau.answer = invoice.Answer{Found: true, State: invoice.Failed, Cause: "x"}
		}
		require.NoError(t, o.work(inv.ID))
		var ended invoice.RedState
		for range 4 {
			if end, err := o.workRed(taken.Red); err == nil && end != "" {
				ended = end
			}
		}
		if failed {
			require.Equal(t, invoice.RedNotNeeded, ended)
			require.Equal(t, invoice.Cancelled, o.get(inv.ID).State)
			continue
		}
		require.Equal(t, invoice.RedIssued, ended)
	}
}
