package bank

// huaxia writes the sums above the header, newest first, the columns numbered.
func huaxia(a Account, s statement) ([]byte, error) {
	var t table
	t.put("华夏银行账户明细")
	t.put("账号：" + a.Number)
	t.put("户名：" + a.Name)
	t.put("币种：人民币")
	t.put("查询日期：" + dashed(s.first()) + "至" + dashed(s.last()))
	t.put("收入总金额", text(s.in))
	t.put("支出总金额", text(s.out))
	t.blank(1)
	t.header("序号,交易日期,交易时间,支出金额,收入金额,余额,对方账号,对方户名,对方行名,核心流水号,交易描述,摘要,凭证号码,明细标注,记账日期")
	for i, l := range s.newestFirst() {
		t.line(map[string]any{
			"序号": i + 1, "交易日期": dashed(l.At), "交易时间": clock(l.At), "支出金额": l.outgoing("-"), "收入金额": l.incoming("-"), "余额": text(l.balance),
			"对方账号": l.PartyAccount, "对方户名": l.Party, "对方行名": l.PartyBank, "核心流水号": l.Serial, "交易描述": l.Kind.word(), "摘要": l.Remark,
			"记账日期": dashed(l.At),
		})
	}
	return t.xlsx(s.last())
}
