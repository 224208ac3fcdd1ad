package bank

// pingan writes no preamble, our account in every row, newest first.
func pingan(a Account, s statement) ([]byte, error) {
	var t table
	t.header("交易日期,账号,账户名称,银行名称,银行类型,借方(支出)金额,贷方(收入)金额,账户余额,币种,对方账号,对方账户名称,对方开户行,对方开户行类型," +
		"用途,审批状态,交易类型,银行流水号,摘要,明细来源,付款单备注")
	for _, l := range s.newestFirst() {
		t.line(map[string]any{
			"交易日期": moment(l.At), "账号": a.Number, "账户名称": a.Name, "银行名称": "平安银行", "银行类型": "股份制银行", "借方(支出)金额": l.outgoing("0.00"),
			"贷方(收入)金额": l.incoming("0.00"), "账户余额": text(l.balance), "币种": "人民币", "对方账号": l.PartyAccount, "对方账户名称": l.Party,
			"对方开户行": l.PartyBank, "用途": l.Remark, "交易类型": l.Kind.word(), "银行流水号": l.Serial, "明细来源": "银企直联",
		})
	}
	return t.xlsx(s.last())
}
