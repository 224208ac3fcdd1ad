package nuonuo

import (
	"path/filepath"
	"strconv"
	"time"

	"caconsole/cmd/applicant/vendors/shelf"
)

// Issued is an invoice of a past, and the one that took it back.
type Issued struct {
	OrderNo, Number       string
	Special               bool
	Buyer, BuyerTaxNo     string
	Goods, GoodsCode      string
	ExTaxFen, TaxFen      int64
	TaxPercent            int
	Remark, Clerk         string
	At                    time.Time
	RedOrderNo, RedNumber string // empty: it holds
	RedAt                 time.Time
	SellerTaxNo           string
}

// Remember writes invoices of a past into the state folder of a platform that is not running: it will know them as its
// own, and can take them back.
func Remember(dir string, past []Issued) error {
	invoices, forms := map[string]invoice{}, map[string]form{}
	for _, i := range past {
		v := invoice{
			Serial: i.At.In(beijing).Format("060102150405") + digits(8), Number: i.Number, ExTaxFen: i.ExTaxFen, TaxFen: i.TaxFen, At: i.At, Due: i.At, Told: true,
			Order: order{
				BuyerName: i.Buyer, BuyerTaxNum: i.BuyerTaxNo, SalerTaxNum: i.SellerTaxNo, OrderNo: i.OrderNo,
				InvoiceDate: i.At.In(beijing).Format(time.DateTime), Clerk: i.Clerk, Remark: i.Remark, InvoiceType: "1", InvoiceLine: "pc",
				InvoiceDetail: []line{{
					GoodsName: i.Goods, GoodsCode: i.GoodsCode, WithTaxFlag: "1", Num: "1", TaxRate: strconv.FormatFloat(float64(i.TaxPercent)/100, 'f', -1, 64),
					Tax: yuan(i.TaxFen), TaxExcludedAmount: yuan(i.ExTaxFen), TaxIncludedAmount: yuan(i.ExTaxFen + i.TaxFen),
				}},
			},
		}
		if i.Special {
			v.Order.InvoiceLine = "bs"
		}
		invoices[i.OrderNo] = v
		if i.RedOrderNo == "" {
			continue
		}
		red := v
		red.Serial, red.Number, red.ExTaxFen, red.TaxFen = i.RedAt.In(beijing).Format("060102150405")+digits(8), i.RedNumber, -v.ExTaxFen, -v.TaxFen
		red.At, red.Due, red.Red, red.Order.OrderNo, red.Order.InvoiceType = i.RedAt, i.RedAt, i.RedOrderNo, i.RedOrderNo, "2"
		invoices[i.RedOrderNo] = red
		forms[i.RedOrderNo] = form{
			Ask:       redAsk{BillID: i.RedOrderNo, BlueElecInvoiceNumber: i.Number, BlueInvoiceLine: v.Order.InvoiceLine, OrderNo: i.RedOrderNo},
			BlueOrder: i.OrderNo, BillNo: digits(18), BillUUID: digits(31), At: i.RedAt, Applied: i.RedAt, Decided: i.RedAt, Decision: formNotNeeded,
		}
	}
	if err := shelf.Fill(dir, invoices); err != nil {
		return err
	}
	return shelf.Fill(filepath.Join(dir, "red"), forms)
}
