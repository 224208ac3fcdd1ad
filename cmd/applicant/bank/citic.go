package bank

// citic writes fourteen rows above the header, newest first, and marks returned transfers.
func citic(a Account, s statement) ([]byte, error) {
	var t table
	t.put("账户明细查询")
	t.put("账号", a.Number)
	t.put("户名", a.Name)
	t.put("币种", "人民币")
	t.put("查询时间", dashed(s.first())+" 至 "+dashed(s.last()))
	t.blank(9)
	t.header("交易日期,交易时间,对方账号,对方账户名称,对方账号开户网点名称,借方发生额,贷方发生额,账户余额,摘要,退汇标识,退汇日期,柜员交易号,附言,币种,交易账号")
	for _, l := range s.newestFirst() {
		cells := map[string]any{
			"交易日期": day(l.At), "交易时间": clock(l.At), "对方账号": l.PartyAccount, "对方账户名称": l.Party, "对方账号开户网点名称": l.PartyBank,
			"借方发生额": l.outgoing("--"), "贷方发生额": l.incoming("--"), "账户余额": text(l.balance), "摘要": l.Kind.word(), "退汇标识": "否",
			"柜员交易号": l.Serial, "附言": l.Remark, "币种": "人民币", "交易账号": a.Number,
		}
		if l.Kind == Return {
			cells["退汇标识"], cells["退汇日期"] = "是", day(l.At)
		}
		t.line(cells)
	}
	return t.xlsx(s.last())
}
