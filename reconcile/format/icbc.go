package format

// icbcA is the text that Industrial and Commercial Bank of China calls [HISTORYDETAIL]: a flag and two amount columns
// that must agree, cells padded with blanks and tabs.
var icbcA = &Spec{
	Bank: "ICBC", Variant: "A",
	Columns: map[Field][]string{
		FieldAccount:      {"本方账号"},
		FieldDate:         {"交易时间"},
		FieldFlag:         {"借/贷"},
		FieldDebit:        {"借方发生额"},
		FieldCredit:       {"贷方发生额"},
		FieldBalance:      {"余额"},
		FieldPayer:        {"对方单位名称"},
		FieldPayerAccount: {"对方账号"},
		FieldText:         {"摘要", "用途", "个性化信息"},
		FieldSerial:       {"凭证号"},
	},
	Required: []Field{FieldAccount, FieldDate, FieldFlag, FieldDebit, FieldCredit, FieldPayer},
}
