package bank

// ccb writes the bank's name, the account and the bookings, with 0.00 where there is no amount.
func ccb(a Account, s statement) ([]byte, error) {
	var t table
	t.put("中国建设银行")
	t.put("账　　号", a.Number, "账户名称", a.Name)
	t.header("交易时间,借方发生额/元(支取),贷方发生额/元(收入),余额,币种,对方户名,对方账号,对方开户机构,记账日期,摘要,备注,账户明细编号-交易流水号," +
		"企业流水号,凭证种类,凭证号")
	for _, l := range s.lines {
		t.line(map[string]any{
			"交易时间": day(l.At) + " " + clock(l.At), "借方发生额/元(支取)": l.outgoing("0.00"), "贷方发生额/元(收入)": l.incoming("0.00"),
			"余额": text(l.balance), "币种": "人民币元", "对方户名": l.Party, "对方账号": l.PartyAccount, "对方开户机构": l.PartyBank, "记账日期": day(l.At),
			"摘要": l.Kind.word(), "备注": l.Remark, "账户明细编号-交易流水号": l.Serial,
		})
	}
	return t.xlsx(s.last())
}
