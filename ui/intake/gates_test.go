package intake_test

import (
	"context"
	"net/http"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/invoice"
	"caconsole/admin/order"
	"caconsole/admin/pg"
)

const hour = time.Hour

// gate sets gates of an order as staff and jobs do, one change after the other.
func (h *hall) gate(no string, changes ...func(*order.Gates)) {
	h.t.Helper()
	a := actor.Job("test")
	for _, change := range changes {
		h.tx(func(ctx context.Context, tx pg.Tx) error {
			_, err := h.flow.Orders.Change(ctx, tx, a, no, "test.gate", func(g *order.Gates) error {
				change(g)
				return nil
			})
			return err
		})
	}
}

// queued brings an order whose papers and identity are there into the review queue.
func (h *hall) queued(no string) {
	h.t.Helper()
	h.gate(
		no,
		func(g *order.Gates) { g.Payment, g.Method = order.Awaiting, order.Transfer },
		func(g *order.Gates) { g.Payment = order.Settled },
	)
}

// returned sends an order in the queue back.
func (h *hall) returned(no string) {
	h.t.Helper()
	h.gate(
		no,
		func(g *order.Gates) { g.Review = order.Claimed },
		func(g *order.Gates) { g.Review, g.Documents = order.Returned, order.Returned },
	)
}

// approved takes an order in the queue to the signer's answer.
func (h *hall) approved(no string) {
	h.t.Helper()
	h.gate(
		no,
		func(g *order.Gates) { g.Review = order.Claimed },
		func(g *order.Gates) { g.Review, g.Documents = order.Approved, order.Accepted },
		func(g *order.Gates) { g.Authorisation = order.Authorised },
		func(g *order.Gates) { g.Issuance = order.Reserved },
	)
}

// staff makes a member of staff with a given id.
func (h *hall) staff(id, login, no string) {
	h.t.Helper()
	h.tx(func(_ context.Context, tx pg.Tx) error {
		return tx.Gorm().Exec(`INSERT INTO staff (id, login, name, no, state, on_duty, all_projects, created_at, updated_at)
			VALUES (?, ?, ?, ?, 'active', true, true, ?, ?)`, id, login, login, no, monday, monday).Error
	})
}

// invoice issues an order's invoice and returns its pick-up code.
func (h *hall) invoice() string {
	h.t.Helper()
	c := h.login(phoneA).consent()
	return h.invoiceOf(c.post("/api/v1/orders", application(h.expired("3888000000000001"))).ok(http.StatusCreated).text("no"))
}

func (h *hall) invoiceOf(no string) string {
	h.t.Helper()
	ctx := h.t.Context()
	o, err := h.flow.Orders.Get(ctx, h.flow.DB.Read(ctx), actor.Job("test"), no)
	require.NoError(h.t, err)
	var inv invoice.Invoice
	h.tx(func(ctx context.Context, tx pg.Tx) (err error) {
		inv, err = h.flow.Invoices.Request(ctx, tx, invoice.Request{
			OrderID: o.ID, ProjectID: o.ProjectID, OrderNo: no, Total: o.AmountFen, TaxPercent: 6, Goods: invoice.Goods{Code: "3040203000000000000", Name: "x"},
		})
		return err
	})
	for issued := false; !issued; {
		err := h.flow.Invoices.Work(ctx, inv.ID, func(context.Context, pg.Tx, invoice.Invoice) error {
			issued = true
			return nil
		})
		require.True(h.t, err == nil || fault.HasKey(err, "invoice_pending"), "%v", err)
	}
	code, err := h.flow.Invoices.Code(ctx, h.flow.DB.Read(ctx), inv.ID)
	require.NoError(h.t, err)
	return code.Reveal()
}
