package paper

import (
	"fmt"
	"image/color"
	"time"
)

// Invoice is a fully digital invoice (数电票).
type Invoice struct {
	Special             bool // 专用发票; otherwise 普通发票
	Number              string
	IssuedAt            time.Time // shown in Beijing time
	Buyer, BuyerTaxNo   string
	Seller, SellerTaxNo string
	Lines               []InvoiceLine
	ExTaxFen, TaxFen    int64
	Remark, Clerk       string
}

// InvoiceLine is one row of an Invoice.
type InvoiceLine struct {
	Name, Unit, Num  string
	RatePercent      float64 // 0 is shown as 免税
	ExTaxFen, TaxFen int64
}

var maroon = color.NRGBA{134, 46, 40, 255} // the print of an invoice's frame

// InvoiceSheet draws an invoice as the tax bureau's platform lays it out, as JPEG; it is a file, not a scan, so it has
// none of a scan's faults.
func (p *Painter) InvoiceSheet(v Invoice) ([]byte, error) {
	c := p.preprinted("invoice", p.emptyInvoice)
	kind := "电子发票（普通发票）"
	if v.Special {
		kind = "电子发票（增值税专用发票）"
	}
	c.centred(maroon, kind, point{750, 100}, 46)
	c.text(black, v.Number, point{1180, 90}, 24)
	c.text(black, v.IssuedAt.In(beijing).Format("2006年01月02日"), point{1180, 128}, 24)

	c.invoiceParty(60, v.Buyer, v.BuyerTaxNo)
	c.invoiceParty(750, v.Seller, v.SellerTaxNo)
	c.invoiceLines(v)

	c.text(black, "⊗ "+uppercaseFen(v.ExTaxFen+v.TaxFen), point{330, 724}, 28)
	c.text(black, yuan(v.ExTaxFen+v.TaxFen), point{1090, 724}, 28)
	c.wrapped(black, v.Remark, point{160, 792}, 24, 1240, 34)
	c.text(maroon, "开票人："+v.Clerk, point{80, 912}, 24)
	c.sample(60)
	return encode(c.RGBA)
}

// invoiceColumns are the columns of an invoice's lines.
var invoiceColumns = []struct {
	title string
	x     float64
}{{"项目名称", 90}, {"单位", 640}, {"数量", 740}, {"金额", 900}, {"税率/征收率", 1070}, {"税额", 1290}}

// emptyInvoice is the sheet that all invoices have in common.
func (p *Painter) emptyInvoice() *canvas {
	c := p.scaled(0.62, 1500, 980, color.White)
	c.line(maroon, point{470, 116}, point{1030, 116}, 2)
	c.text(maroon, "发票号码：", point{1060, 90}, 24)
	c.text(maroon, "开票日期：", point{1060, 128}, 24)
	c.emptyInvoiceParty(60, "购买方信息")
	c.emptyInvoiceParty(750, "销售方信息")
	c.box(maroon, 60, 290, 1380, 390, 2)
	for _, col := range invoiceColumns {
		c.text(maroon, col.title, point{col.x, 328}, 24)
	}
	c.text(maroon, "合　　计", point{120, 660}, 24)
	c.box(maroon, 60, 680, 1380, 70, 2)
	c.text(maroon, "价税合计（大写）", point{80, 724}, 24)
	c.text(maroon, "（小写）", point{980, 724}, 24)
	c.box(maroon, 60, 750, 1380, 110, 2)
	c.text(maroon, "备注", point{80, 812}, 24)
	c.text(grey, "合成样例，不作为报销与入账凭证", point{1060, 912}, 22)
	return c
}

func (c *canvas) emptyInvoiceParty(x float64, title string) {
	c.box(maroon, x, 160, 690, 130, 2)
	c.line(maroon, point{x + 50, 160}, point{x + 50, 290}, 2)
	for i, ch := range []rune(title) {
		c.text(maroon, string(ch), point{x + 14, 186 + float64(i)*24}, 21)
	}
	c.text(maroon, "名称：", point{x + 66, 212}, 24)
	c.text(maroon, "统一社会信用代码/纳税人识别号：", point{x + 66, 264}, 22)
}

func (c *canvas) invoiceParty(x float64, name, taxNo string) {
	size := 25.0
	if w := c.width(name, size); w > 530 {
		size *= 530 / w
	}
	c.text(black, name, point{x + 140, 212}, size)
	c.text(black, taxNo, point{x + 420, 264}, 24)
}

func (c *canvas) invoiceLines(v Invoice) {
	for i, l := range v.Lines {
		y := 374 + float64(i)*40
		rate := "免税"
		if l.RatePercent > 0 {
			rate = fmt.Sprintf("%g%%", l.RatePercent)
		}
		for j, cell := range []string{l.Name, l.Unit, l.Num, yuan(l.ExTaxFen), rate, yuan(l.TaxFen)} {
			c.text(black, cell, point{invoiceColumns[j].x, y}, 23)
		}
	}
	c.text(black, yuan(v.ExTaxFen), point{900, 660}, 24)
	c.text(black, yuan(v.TaxFen), point{1290, 660}, 24)
}
