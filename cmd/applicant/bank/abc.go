package bank

import "fmt"

// abc writes the account in three cells, the bookings with money in before money out, and the totals below them.
func abc(a Account, s statement) ([]byte, error) {
	var t table
	t.put("账户明细")
	t.put("账号："+a.Number, "户名："+a.Name, "币种：人民币")
	t.header("交易时间,收入金额,支出金额,账户余额,交易行名,对方省市,对方账号,对方户名,交易用途")
	for _, l := range s.lines {
		purpose := l.Remark
		if l.Kind != Transfer {
			purpose = l.Kind.word() + " " + l.Remark
		}
		t.line(map[string]any{
			"交易时间": day(l.At) + " " + clock(l.At), "收入金额": l.incoming(""), "支出金额": l.outgoing(""), "账户余额": text(l.balance),
			"交易行名": l.PartyBank, "对方账号": l.PartyAccount, "对方户名": l.Party, "交易用途": purpose,
		})
	}
	t.put("汇总收入金额", "汇总支出金额")
	t.put(fmt.Sprintf("%d 收 %s", s.ins, text(s.in)), fmt.Sprintf("%d 支 %s", s.outs, text(s.out)))
	return t.xlsx(s.last())
}
