package format

// cmbcA is the workbook of China Minsheng Bank, with eighteen rows above the header.
var cmbcA = &Spec{
	Bank: "CMBC", Variant: "A",
	Columns: map[Field][]string{
		FieldDate:         {"交易时间"},
		FieldDebit:        {"借方发生额"},
		FieldCredit:       {"贷方发生额"},
		FieldBalance:      {"账户余额"},
		FieldPayer:        {"对方账号名称"},
		FieldPayerAccount: {"对方账号"},
		FieldPayerBank:    {"对方开户行"},
		FieldText:         {"客户附言"},
		FieldSerial:       {"交易流水号"},
	},
	Required: []Field{FieldDate, FieldDebit, FieldCredit, FieldPayer, FieldSerial},
}
