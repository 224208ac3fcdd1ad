package format

// huaxiaA is the workbook of Hua Xia Bank; some exports state the sums above the header.
var huaxiaA = &Spec{
	Bank: "HUAXIA", Variant: "A",
	Columns: map[Field][]string{
		FieldDate:         {"交易日期"},
		FieldTime:         {"交易时间"},
		FieldDebit:        {"支出金额"},
		FieldCredit:       {"收入金额"},
		FieldBalance:      {"余额"},
		FieldType:         {"交易描述"},
		FieldPayer:        {"对方户名"},
		FieldPayerAccount: {"对方账号"},
		FieldPayerBank:    {"对方行名"},
		FieldText:         {"摘要"},
		FieldSerial:       {"核心流水号"},
	},
	Required: []Field{FieldDate, FieldDebit, FieldCredit, FieldPayer, FieldSerial},
}
