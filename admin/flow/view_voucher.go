package flow

import (
	"context"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/document"
	"caconsole/admin/fault"
)

// ViewVoucher returns a page of a remittance voucher with who looks burnt in. Finance sees vouchers and no other
// papers: any other kind is document_unknown. The view is audited before its bytes are read. Faults: those of
// document.Page.
func (f *Flow) ViewVoucher(ctx context.Context, a actor.Actor, id uuid.UUID, page int, viewer string) (document.Image, error) {
	q := f.DB.Read(ctx)
	doc, err := f.Documents.Get(ctx, q, a, id)
	if err != nil {
		return document.Image{}, err
	}
	if doc.Kind != document.RemittanceVoucher {
		return document.Image{}, fault.New(fault.NotFound, "document_unknown", nil)
	}
	o, err := f.Orders.ByID(ctx, q, a, doc.OrderID)
	if err != nil {
		return document.Image{}, err
	}
	err = f.Audit.Write(ctx, a, audit.Entry{
		Action: "document.viewed", Object: "order:" + o.No, Project: o.ProjectID,
		Details: map[string]any{"document": id.String(), "kind": string(doc.Kind), "page": page},
	})
	if err != nil {
		return document.Image{}, err
	}
	mark := document.Mark{Viewer: viewer, OrderNo: o.No, Purpose: "仅供收款核对"}
	return f.Documents.Page(ctx, q, a, id, page, document.Large, mark)
}
