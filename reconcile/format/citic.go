package format

// citicA is the workbook of China CITIC Bank; returned transfers have a mark of their own.
var citicA = &Spec{
	Bank: "CITIC", Variant: "A",
	Columns: map[Field][]string{
		FieldAccount:      {"交易账号"},
		FieldCurrency:     {"币种"},
		FieldDate:         {"交易日期"},
		FieldTime:         {"交易时间"},
		FieldDebit:        {"借方发生额"},
		FieldCredit:       {"贷方发生额"},
		FieldBalance:      {"账户余额"},
		FieldPayer:        {"对方账户名称"},
		FieldPayerAccount: {"对方账号"},
		FieldPayerBank:    {"对方账号开户网点名称"},
		FieldReturned:     {"退汇标识"},
		FieldText:         {"摘要", "附言"},
		FieldSerial:       {"柜员交易号"},
	},
	Required: []Field{FieldDate, FieldDebit, FieldCredit, FieldPayer, FieldReturned},
}
