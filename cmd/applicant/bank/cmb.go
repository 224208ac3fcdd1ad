package bank

// cmb writes four empty rows, the account's facts with counts, sums and balances, and the bookings with number cells.
func cmb(a Account, s statement) ([]byte, error) {
	var t table
	t.blank(4)
	for _, fact := range [][2]any{
		{"标题", "账务明细"},
		{"账号名称", a.Name},
		{"银行账号", a.Number},
		{"累计借金额", number(s.out)},
		{"累计借总笔数", s.outs},
		{"累计贷金额", number(s.in)},
		{"累计贷总笔数", s.ins},
		{"对账单期初余额", number(s.opening)},
		{"对账单余额", number(s.closing)},
		{"查询开始日期", day(s.first())},
		{"查询结束日期", day(s.last())},
		{"记录条数", len(s.lines)},
	} {
		t.put(fact[0], fact[1])
	}
	t.header("账号,账号名称,币种,交易日,交易时间,起息日,交易类型,借方金额,贷方金额,余额,摘要,流水号,流程实例号,业务名称,用途,业务参考号," +
		"业务摘要,其它摘要,收(付)方分行名,收(付)方名称,收(付)方账号,收(付)方开户行行号,收(付)方开户行名,收(付)方开户行地址," +
		"母(子)公司账号分行名,母(子)公司账号,母(子)公司名称,信息标志,有否附件信息,冲账标志,扩展摘要,交易分析码,票据号,商务支付订单号,内部编号")
	for _, l := range s.lines {
		cells := map[string]any{
			"账号": a.Number, "账号名称": a.Name, "币种": "人民币", "交易日": day(l.At), "交易时间": l.At.In(beijing).Format("150405"), "起息日": day(l.At),
			"交易类型": l.Kind.word(), "余额": number(l.balance), "摘要": l.Remark, "流水号": l.Serial, "业务名称": "汇兑", "用途": l.Remark,
			"收(付)方名称": l.Party, "收(付)方账号": l.PartyAccount, "收(付)方开户行名": l.PartyBank,
		}
		if l.Fen >= 0 {
			cells["贷方金额"] = number(l.Fen)
		} else {
			cells["借方金额"] = number(-l.Fen)
		}
		if l.Kind == Reversal {
			cells["冲账标志"] = "Y"
		}
		t.line(cells)
	}
	return t.xlsx(s.last())
}
