package nuonuo

import (
	"bytes"
	"fmt"
	"image/jpeg"
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
	return wrap(picture)
}

// wrap makes a PDF of one page that shows a JPEG, 210 mm wide (PDF 32000-1, 7.5).
func wrap(picture []byte) ([]byte, error) {
	size, err := jpeg.DecodeConfig(bytes.NewReader(picture))
	if err != nil {
		return nil, fmt.Errorf("read drawn invoice: %w", err)
	}
	const width = 595 // points
	height := width * size.Height / size.Width
	content := fmt.Sprintf("q %d 0 0 %d 0 0 cm /Im Do Q", width, height)
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents 4 0 R /Resources << /XObject << /Im 5 0 R >> >> >>", width, height),
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(content), content),
		fmt.Sprintf("<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode /Length %d >>\nstream\n%s\nendstream",
			size.Width, size.Height, len(picture), picture),
	}
	var out bytes.Buffer
	out.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = out.Len()
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	table := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, at := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, table)
	return out.Bytes(), nil
}
