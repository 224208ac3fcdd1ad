package format

// bocA is the bilingual export of Bank of China: both sides in every row, the amount signed and flagged at once.
var bocA = &Spec{
	Bank: "BOC", Variant: "A",
	Columns: map[Field][]string{
		FieldFlag:         {"交易类型"},
		FieldType:         {"业务类型"},
		FieldDate:         {"交易日期"},
		FieldTime:         {"交易时间"},
		FieldCurrency:     {"交易货币"},
		FieldAmount:       {"交易金额"},
		FieldBalance:      {"交易后余额"},
		FieldPayer:        {"付款人名称"},
		FieldPayerAccount: {"付款人账号"},
		FieldPayerBank:    {"付款人开户行名"},
		FieldPayee:        {"收款人名称"},
		FieldPayeeAccount: {"收款人账号"},
		FieldPayeeBank:    {"收款人开户行名"},
		FieldText:         {"摘要", "用途", "交易附言", "备注"},
		FieldSerial:       {"交易流水号"},
	},
	Signed:     true,
	Required:   []Field{FieldDate, FieldFlag, FieldAmount, FieldPayer, FieldPayee},
	Currencies: []string{"001"},
}
