package format

// China Merchants Bank, current accounts of companies, as its net bank exports them. The rows above the header move
// (header row 5, 9 and 12 have been seen), and the last columns differ between versions; the names do not. Spellings
// that differ only in brackets, slashes or 帐 for 账 are one after folding.

var cmbColumns = map[Field][]string{
	FieldDate:         {"交易日"},
	FieldTime:         {"交易时间"},
	FieldType:         {"交易类型"},
	FieldDebit:        {"借方金额"},
	FieldCredit:       {"贷方金额"},
	FieldBalance:      {"余额"},
	FieldText:         {"摘要", "用途", "业务摘要", "其它摘要", "扩展摘要"},
	FieldSerial:       {"流水号"},
	FieldPayer:        {"收(付)方名称"},
	FieldPayerAccount: {"收(付)方账号"},
	FieldPayerBank:    {"收(付)方开户行名"},
	FieldReversed:     {"冲账标志"},
	FieldAccount:      {"账号"},
	FieldOwnName:      {"账号名称"},
	FieldCurrency:     {"币种"},
}

// cmbA carries counts, sums, opening and closing balance above the header, and our account in every row.
var cmbA = &Spec{
	Bank: "CMB", Variant: "A",
	Columns: cmbColumns,
	Facts: map[Fact][]string{
		FactDebitSum:    {"累计借金额"},
		FactDebitCount:  {"累计借总笔数"},
		FactCreditSum:   {"累计贷金额"},
		FactCreditCount: {"累计贷总笔数"},
		FactOpening:     {"对账单期初余额"},
		FactClosing:     {"对账单余额"},
	},
	Required:   []Field{FieldAccount, FieldDate, FieldDebit, FieldCredit, FieldPayer},
	Currencies: []string{"10"},
}

// cmbB has no sums, and the account only above the header.
var cmbB = &Spec{
	Bank: "CMB", Variant: "B",
	Columns:       cmbColumns,
	Required:      []Field{FieldDate, FieldDebit, FieldCredit, FieldPayer},
	Absent:        []Field{FieldAccount},
	RequiredFacts: []Fact{FactOwnName, FactAccount},
	Currencies:    []string{"10"},
}
