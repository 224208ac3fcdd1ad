package format

// treasuryA is the workbook of a group's finance company, whose sheet claims to be one cell large.
var treasuryA = &Spec{
	Bank: "TREASURY", Variant: "A",
	Columns: map[Field][]string{
		FieldAccount:      {"本方账号"},
		FieldOwnName:      {"本方户名"},
		FieldCurrency:     {"币种"},
		FieldDate:         {"交易时间"},
		FieldCredit:       {"收入"},
		FieldDebit:        {"支出"},
		FieldBalance:      {"账户余额"},
		FieldPayer:        {"对方户名"},
		FieldPayerAccount: {"对方账号"},
		FieldType:         {"交易类型"},
		FieldText:         {"交易备注"},
	},
	Required: []Field{FieldAccount, FieldOwnName, FieldDate, FieldDebit, FieldCredit, FieldPayer},
}
