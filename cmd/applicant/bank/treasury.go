package bank

// treasury writes the export of a group's finance company: text amounts, no serials, and a sheet that claims to be
// one cell large.
func treasury(a Account, s statement) ([]byte, error) {
	t := table{dimension: "A1:A1"}
	t.put("账户明细")
	t.put("账号：", a.Number, "户名：", a.Name)
	t.header("交易时间,本方户名,本方账号,收入,支出,账户余额,对方户名,对方账号,币种,交易备注,交易类型")
	for _, l := range s.lines {
		t.line(map[string]any{
			"交易时间": moment(l.At), "本方户名": a.Name, "本方账号": a.Number, "收入": l.incoming(""), "支出": l.outgoing(""), "账户余额": text(l.balance),
			"对方户名": l.Party, "对方账号": l.PartyAccount, "币种": "人民币", "交易备注": l.Remark, "交易类型": l.Kind.word(),
		})
	}
	return t.xlsx(s.last())
}
