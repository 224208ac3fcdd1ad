package nuonuo

import (
	"strconv"

	"caconsole/cmd/applicant/paper"
)

// pdf is the invoice file: one page with the drawn invoice.
func (p *Platform) pdf(v invoice) ([]byte, error) {
	o := v.Order
	sheet := paper.Invoice{
		Special: o.InvoiceLine == "bs", Number: v.Number, IssuedAt: v.Due,
		Buyer: o.BuyerName, BuyerTaxNo: o.BuyerTaxNum, Seller: p.opt.SellerName, SellerTaxNo: p.opt.SellerTaxNo,
		ExTaxFen: v.ExTaxFen, TaxFen: v.TaxFen, Remark: o.Remark, Clerk: o.Clerk,
	}
	for _, l := range o.InvoiceDetail {
		ex, tax, _ := l.amounts()                    // all three were checked
		rate, _ := strconv.ParseFloat(l.TaxRate, 64) // when the order was taken
		sheet.Lines = append(sheet.Lines, paper.InvoiceLine{Name: l.GoodsName, Unit: l.Unit, Num: l.Num, RatePercent: rate * 100, ExTaxFen: ex, TaxFen: tax})
	}
	picture, err := p.opt.Painter.InvoiceSheet(sheet)
	if err != nil {
		return nil, err
	}
	return paper.PDF(picture)
}
