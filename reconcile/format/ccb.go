package format

// ccbB is the workbook of China Construction Bank with the account above the header and the unit in the titles.
var ccbB = &Spec{
	Bank: "CCB", Variant: "B",
	Columns: map[Field][]string{
		FieldDate:         {"交易时间"},
		FieldDebit:        {"借方发生额/元(支取)"},
		FieldCredit:       {"贷方发生额/元(收入)"},
		FieldBalance:      {"余额"},
		FieldCurrency:     {"币种"},
		FieldPayer:        {"对方户名"},
		FieldPayerAccount: {"对方账号"},
		FieldPayerBank:    {"对方开户机构"},
		FieldText:         {"摘要", "备注"},
		FieldSerial:       {"账户明细编号-交易流水号"},
	},
	Required:      []Field{FieldDate, FieldDebit, FieldCredit, FieldPayer},
	RequiredFacts: []Fact{FactAccount},
}
