package format

// pinganA is the workbook of Ping An Bank's cash management, whose rows may be of several banks.
var pinganA = &Spec{
	Bank: "PINGAN", Variant: "A",
	Columns: map[Field][]string{
		FieldAccount:      {"账号"},
		FieldOwnName:      {"账户名称"},
		FieldCurrency:     {"币种"},
		FieldDate:         {"交易日期"},
		FieldDebit:        {"借方(支出)金额"},
		FieldCredit:       {"贷方(收入)金额"},
		FieldBalance:      {"账户余额"},
		FieldType:         {"交易类型"},
		FieldPayer:        {"对方账户名称"},
		FieldPayerAccount: {"对方账号"},
		FieldPayerBank:    {"对方开户行"},
		FieldText:         {"用途", "摘要", "付款单备注"},
		FieldSerial:       {"银行流水号"},
	},
	Required: []Field{FieldAccount, FieldDate, FieldDebit, FieldCredit, FieldPayer},
}
