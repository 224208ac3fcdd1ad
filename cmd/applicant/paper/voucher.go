package paper

import (
	"image/color"
	"time"
)

// Voucher is the receipt (汇款凭证) a bank gives for a corporate transfer.
type Voucher struct {
	Payer, PayerAccount, PayerBank string
	Payee, PayeeAccount, PayeeBank string
	AmountFen                      int64
	At                             time.Time // shown in Beijing time
	Remark                         string    // 附言
	BankSerial                     string    // 交易流水号
	Seed                           uint64
}

// beijing is the time zone of every date on a paper; China has had no other offset since 1991.
var beijing = time.FixedZone("CST", 8*3600)

// Remittance returns the scan of the receipt, as JPEG.
func (p *Painter) Remittance(v Voucher) ([]byte, error) {
	r := chance(v.Seed, "voucher")
	c := p.preprinted("voucher", p.emptyVoucher)
	at := v.At.In(beijing)
	c.text(grey, "回单编号："+v.BankSerial, point{80, 150}, 24)
	c.text(grey, "交易时间："+at.Format("2006-01-02 15:04:05"), point{1010, 150}, 24)

	c.party(80, v.Payer, v.PayerAccount, v.PayerBank)
	c.party(750, v.Payee, v.PayeeAccount, v.PayeeBank)
	for i, value := range []string{yuan(v.AmountFen), "人民币" + uppercaseFen(v.AmountFen), v.Remark, "对公转账汇款　交易成功"} {
		c.text(black, value, point{320, 488 + float64(i)*voucherRow}, 28)
	}
	c.sample(56)
	p.stamp(c, rubber{"样例银行股份有限公司", companySeal}, point{1250, 650}, 108, 0.75, chance(v.Seed, "bank seal"))
	return scan(c.RGBA, false, r)
}

const voucherRow = 74

// emptyVoucher is the form of the receipt.
func (p *Painter) emptyVoucher() *canvas {
	c := p.scaled(0.72, 1500, 860, color.NRGBA{252, 253, 252, 255})
	c.centred(black, "网上银行电子回单（样例）", point{750, 96}, 46)
	c.emptyParty(80, "付款方")
	c.emptyParty(750, "收款方")
	for i, label := range []string{"金额（小写）", "金额（大写）", "附　　言", "业务类型"} {
		y := 440 + float64(i)*voucherRow
		c.box(grey, 80, y, 1340, voucherRow+1, 1.6)
		c.line(grey, point{290, y}, point{290, y + voucherRow + 1}, 1.6)
		c.text(grey, label, point{104, y + 48}, 26)
	}
	c.text(grey, "本回单为合成样例，仅用于系统演示与测试，不作为入账依据", point{80, 800}, 22)
	return c
}

// emptyParty draws one of the two boxes of payer and payee.
func (c *canvas) emptyParty(x float64, title string) {
	c.box(grey, x, 180, 670, 240, 1.6)
	c.line(grey, point{x + 70, 180}, point{x + 70, 420}, 1.6)
	for i, ch := range []rune(title) {
		c.text(grey, string(ch), point{x + 22, 240 + float64(i)*60}, 28)
	}
	for i, label := range []string{"户名", "账号", "开户行"} {
		y := 180 + float64(i)*80
		if i > 0 {
			c.line(grey, point{x + 70, y}, point{x + 670, y}, 1.6)
		}
		c.text(grey, label, point{x + 88, y + 50}, 25)
	}
}

// party fills in one of the boxes.
func (c *canvas) party(x float64, values ...string) {
	for i, value := range values {
		size := 27.0
		if room := 460.0; c.width(value, size) > room {
			size *= room / c.width(value, size)
		}
		c.text(black, value, point{x + 190, 230 + float64(i)*80}, size)
	}
}
