package format

// abcA is the sheet of Agricultural Bank of China: money in stands before money out, the totals below the bookings.
var abcA = &Spec{
	Bank: "ABC", Variant: "A",
	Columns: map[Field][]string{
		FieldDate:         {"交易时间"},
		FieldCredit:       {"收入金额"},
		FieldDebit:        {"支出金额"},
		FieldBalance:      {"账户余额"},
		FieldPayerBank:    {"交易行名"},
		FieldPayerAccount: {"对方账号"},
		FieldPayer:        {"对方户名"},
		FieldText:         {"交易用途"},
	},
	Required: []Field{FieldDate, FieldDebit, FieldCredit, FieldPayer, FieldText},
}
