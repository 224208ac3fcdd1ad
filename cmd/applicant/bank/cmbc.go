package bank

// cmbc writes eighteen rows above the header and number cells.
func cmbc(a Account, s statement) ([]byte, error) {
	var t table
	t.put("中国民生银行账户交易明细")
	t.blank(1)
	t.put("账号：", a.Number)
	t.put("账户名称：", a.Name)
	t.put("币种：", "人民币")
	t.put("起止日期：", dashed(s.first())+" - "+dashed(s.last()))
	t.put("期初余额：", number(s.opening))
	t.put("期末余额：", number(s.closing))
	t.blank(10)
	t.header("交易时间,交易流水号,借方发生额,贷方发生额,账户余额,凭证号,客户附言,对方账号,对方账号名称,对方开户行")
	for _, l := range s.lines {
		note := l.Remark
		if l.Kind != Transfer {
			note = l.Kind.word() + " " + l.Remark
		}
		cells := map[string]any{
			"交易时间": moment(l.At), "交易流水号": l.Serial, "账户余额": number(l.balance), "客户附言": note, "对方账号": l.PartyAccount,
			"对方账号名称": l.Party, "对方开户行": l.PartyBank,
		}
		if l.Fen >= 0 {
			cells["贷方发生额"] = number(l.Fen)
		} else {
			cells["借方发生额"] = number(-l.Fen)
		}
		t.line(cells)
	}
	return t.xlsx(s.last())
}
