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
	c := p.canvas(1500, 860, color.NRGBA{252, 253, 252, 255})
	c.centred(black, "网上银行电子回单（样例）", point{750, 96}, 46)
	at := v.At.In(beijing)
	c.text(grey, "回单编号："+v.BankSerial, point{80, 150}, 24)
	c.text(grey, "交易时间："+at.Format("2006-01-02 15:04:05"), point{1010, 150}, 24)

	c.party(80, "付款方", v.Payer, v.PayerAccount, v.PayerBank)
	c.party(750, "收款方", v.Payee, v.PayeeAccount, v.PayeeBank)
	rows := []struct{ label, value string }{
		{"金额（小写）", yuan(v.AmountFen)},
		{"金额（大写）", "人民币" + uppercaseFen(v.AmountFen)},
		{"附　　言", v.Remark},
		{"业务类型", "对公转账汇款　交易成功"},
	}
	for i, row := range rows {
		y := 440 + float64(i)*74
		c.box(grey, 80, y, 1340, 75, 1.6)
		c.line(grey, point{290, y}, point{290, y + 75}, 1.6)
		c.text(grey, row.label, point{104, y + 48}, 26)
		c.text(black, row.value, point{320, y + 48}, 28)
	}
	c.text(grey, "本回单为合成样例，仅用于系统演示与测试，不作为入账依据", point{80, 800}, 22)
	c.sample(56)
	p.stamp(c, "样例银行股份有限公司", point{1250, 650}, 108, 0.75, chance(v.Seed, "bank seal"))
	return scan(c.RGBA, r)
}

// party draws one of the two boxes of payer and payee.
func (c *canvas) party(x float64, title, name, account, bank string) {
	c.box(grey, x, 180, 670, 240, 1.6)
	c.line(grey, point{x + 70, 180}, point{x + 70, 420}, 1.6)
	for i, ch := range []rune(title) {
		c.text(grey, string(ch), point{x + 22, 240 + float64(i)*60}, 28)
	}
	for i, row := range []struct{ label, value string }{{"户名", name}, {"账号", account}, {"开户行", bank}} {
		y := 180 + float64(i)*80
		if i > 0 {
			c.line(grey, point{x + 70, y}, point{x + 670, y}, 1.6)
		}
		c.text(grey, row.label, point{x + 88, y + 50}, 25)
		size := 27.0
		if room := 460.0; c.width(row.value, size) > room {
			size *= room / c.width(row.value, size)
		}
		c.text(black, row.value, point{x + 190, y + 50}, size)
	}
}
