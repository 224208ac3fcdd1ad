package format

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// entry is a booking of the samples of all banks; fen > 0 is money coming in.
type entry struct {
	day, clock           string
	fen, balance         int64
	party, account, bank string
	text, serial         string
	returned             bool
}

// entries are what a day of a small account looks like: two transfers alike, a fee, interest, one that came back, one
// that the bank took back.
func entries() []entry {
	all := []entry{
		{clock: "09:33:18", fen: 40000, party: "阳江市海陵湾检修服务有限公司", account: "6222000000006620", bank: "样例银行阳江分行", text: "证书续期费R261120001078", serial: "S001"},
		{clock: "09:41:02", fen: 20000, party: "湛江市东海岛管道工程有限公司", account: "6222000000000913", bank: "样例公司城支行", text: "续期", serial: "S002"},
		{clock: "09:41:02", fen: 20000, party: "湛江市东海岛管道工程有限公司", account: "6222000000000913", bank: "样例公司城支行", text: "续期", serial: "S003"},
		{clock: "10:20:10", fen: -1050, text: "网银手续费", serial: "S004"},
		{clock: "11:20:05", fen: 123456789, party: "王某某", account: "6222000000000038", bank: "样例银行", text: "代付,福清江阴港区", serial: "S005"},
		{clock: "13:15:26", fen: 40000, party: "防城港市北仑湾环保科技有限公司", account: "6222000000003065", bank: "样例银行", text: "退汇", serial: "S006", returned: true},
		{clock: "15:00:00", fen: -20000, party: "湛江市东海岛管道工程有限公司", account: "6222000000000913", bank: "样例公司城支行", text: "冲正", serial: "S007"},
		{clock: "18:00:00", fen: 321, text: "结息", serial: "S008"},
	}
	balance := int64(284000)
	for i := range all {
		balance += all[i].fen
		all[i].day, all[i].balance = "2026-11-21", balance
	}
	return all
}

func (e entry) compact() string { return strings.ReplaceAll(e.day, "-", "") }
func (e entry) moment() string  { return e.day + " " + e.clock }

// out and in are the amounts of the two columns, none being how the bank writes the empty one.
func (e entry) out(none string) string {
	if e.fen < 0 {
		return text(-e.fen)
	}
	return none
}

func (e entry) in(none string) string {
	if e.fen > 0 {
		return text(e.fen)
	}
	return none
}

// text writes 1,234.56.
func text(fen int64) string {
	whole := fmt.Sprint(fen / 100)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return fmt.Sprintf("%s.%02d", whole, fen%100)
}

// table puts bookings below a header; cells are named, and a column without one stays empty.
func table(above [][]any, columns string, all []entry, cells func(entry) map[string]any) [][]any {
	titles := strings.Split(columns, ",")
	rows := append(slices.Clone(above), anys(titles))
	for _, e := range all {
		named, values := cells(e), make([]any, len(titles))
		for i, title := range titles {
			values[i] = named[title]
		}
		rows = append(rows, values)
	}
	return rows
}

func anys(cells []string) []any {
	out := make([]any, len(cells))
	for i, c := range cells {
		out[i] = c
	}
	return out
}

func newest(all []entry) []entry {
	slices.Reverse(all)
	return all
}

// banks are the layouts of bank_headers.tsv, one table each; those in texts are exported as text.
func banks() map[string][][]any {
	return map[string][][]any{
		"icbc_a": table([][]any{{"[HISTORYDETAIL]"}}, "凭证号,本方账号,对方账号,交易时间,借/贷,借方发生额,贷方发生额,对方行号,摘要,用途,对方单位名称,余额,个性化信息", entries(), func(e entry) map[string]any {
			side := "贷"
			if e.fen < 0 {
				side = "借"
			}
			return map[string]any{
				"凭证号": e.serial + "\t", "本方账号": ownAccount + "\t", "对方账号": e.account + "\t", "交易时间": e.moment() + "\t", "借/贷": side + "  \t",
				"借方发生额": e.out("") + "\t", "贷方发生额": e.in("") + "\t", "摘要": e.text + "      \t", "对方单位名称": e.party + "    \t", "余额": text(e.balance) + "\t",
			}
		}),
		"ccb_b": table([][]any{{"中国建设银行"}, {"账　　号", ownAccount, "账户名称", ownName}}, "交易时间,借方发生额/元(支取),贷方发生额/元(收入),余额,币种,对方户名,对方账号,对方开户机构,记账日期,摘要,备注,账户明细编号-交易流水号,企业流水号,凭证种类,凭证号", entries(), func(e entry) map[string]any {
			return map[string]any{
				"交易时间": e.compact() + " " + e.clock, "借方发生额/元(支取)": e.out("0.00"), "贷方发生额/元(收入)": e.in("0.00"), "余额": text(e.balance), "币种": "人民币元",
				"对方户名": e.party, "对方账号": e.account, "对方开户机构": e.bank, "记账日期": e.compact(), "摘要": "电子汇入", "备注": e.text, "账户明细编号-交易流水号": "1-" + e.serial,
			}
		}),
		"abc_a": append(table([][]any{{"账户明细"}, {"账号：" + ownAccount, "户名：" + ownName, "币种：人民币"}}, "交易时间,收入金额,支出金额,账户余额,交易行名,对方省市,对方账号,对方户名,交易用途", entries(), func(e entry) map[string]any {
			return map[string]any{
				"交易时间": e.compact() + " " + e.clock, "收入金额": e.in(""), "支出金额": e.out(""), "账户余额": text(e.balance), "交易行名": e.bank, "对方账号": e.account,
				"对方户名": e.party, "交易用途": e.text,
			}
		}), []any{"汇总收入金额", "汇总支出金额"}, []any{"6 收 1,235,771.10", "2 支 210.50"}),
		"boc_a": table([][]any{
			{"查询账号[ Inquirer account number ]", ownAccount},
			{"总笔数[ Total number ]", "8"},
			{"借方发生总笔数[ Total number of debited payments ]", "2"},
			{"借方发生总额[ Total debited amount ]", "210.50"},
			{"贷方发生总笔数[ Total number of credited payments ]", "6"},
			{"贷方发生总额[ Total credited amount ]", "1,235,771.10"},
			{"查询时间范围[ Time range ]", "20261121-20261121"},
		}, bocTitles, newest(entries()), bocCells),
		"pingan_a": table(nil, "交易日期,账号,账户名称,银行名称,银行类型,借方(支出)金额,贷方(收入)金额,账户余额,币种,对方账号,对方账户名称,对方开户行,对方开户行类型,用途,审批状态,交易类型,银行流水号,摘要,明细来源,付款单备注", newest(entries()), func(e entry) map[string]any {
			return map[string]any{
				"交易日期": e.moment(), "账号": ownAccount, "账户名称": ownName, "银行名称": "平安银行", "借方(支出)金额": e.out("0.00"), "贷方(收入)金额": e.in("0.00"),
				"账户余额": text(e.balance), "币种": "人民币", "对方账号": e.account, "对方账户名称": e.party, "对方开户行": e.bank, "用途": e.text, "交易类型": "转账",
				"银行流水号": e.serial, "明细来源": "银企直联",
			}
		}),
		"citic_a": table(preambleRows(14), "交易日期,交易时间,对方账号,对方账户名称,对方账号开户网点名称,借方发生额,贷方发生额,账户余额,摘要,退汇标识,退汇日期,柜员交易号,附言,币种,交易账号", newest(entries()), func(e entry) map[string]any {
			back := "否"
			if e.returned {
				back = "是"
			}
			return map[string]any{
				"交易日期": e.compact(), "交易时间": e.clock, "对方账号": e.account, "对方账户名称": e.party, "对方账号开户网点名称": e.bank, "借方发生额": e.out("--"),
				"贷方发生额": e.in("--"), "账户余额": text(e.balance), "摘要": strings.ReplaceAll(e.text, "退汇", "汇款"), "退汇标识": back, "柜员交易号": e.serial, "币种": "人民币", "交易账号": ownAccount,
			}
		}),
		"cmbc_a": table(preambleRows(18), "交易时间,交易流水号,借方发生额,贷方发生额,账户余额,凭证号,客户附言,对方账号,对方账号名称,对方开户行", entries(), func(e entry) map[string]any {
			return map[string]any{
				"交易时间": e.moment(), "交易流水号": e.serial, "借方发生额": e.out(""), "贷方发生额": e.in(""), "账户余额": text(e.balance), "客户附言": e.text,
				"对方账号": e.account, "对方账号名称": e.party, "对方开户行": e.bank,
			}
		}),
		"huaxia_a": table(append(preambleRows(6), []any{"收入总金额", "1,235,771.10"}, []any{"支出总金额", "210.50"}, []any{"序号说明"}), "序号,交易日期,交易时间,支出金额,收入金额,余额,对方账号,对方户名,对方行名,核心流水号,交易描述,摘要,凭证号码,明细标注,记账日期", newest(entries()), func(e entry) map[string]any {
			return map[string]any{
				"交易日期": e.day, "交易时间": e.clock, "支出金额": e.out("-"), "收入金额": e.in("-"), "余额": text(e.balance), "对方账号": e.account, "对方户名": e.party,
				"对方行名": e.bank, "核心流水号": e.serial, "交易描述": "往来", "摘要": e.text, "记账日期": e.day,
			}
		}),
		"treasury_a": table([][]any{{"账户明细"}, {"账号：", ownAccount, "户名：", ownName}}, "交易时间,本方户名,本方账号,收入,支出,账户余额,对方户名,对方账号,币种,交易备注,交易类型", entries(), func(e entry) map[string]any {
			return map[string]any{
				"交易时间": e.moment(), "本方户名": ownName, "本方账号": ownAccount, "收入": e.in("--"), "支出": e.out("--"), "账户余额": text(e.balance),
				"对方户名": e.party, "对方账号": e.account, "币种": "人民币", "交易备注": e.text, "交易类型": "结算",
			}
		}),
	}
}

// texts are the encodings of layouts that are no workbooks.
var texts = map[string]string{"icbc_a": "gb18030", "boc_a": "utf-8-bom"}

// bocTitles are the first and most used of the 38 columns.
const bocTitles = "交易类型[ Transaction Type ],业务类型[ Business type ],付款人开户行号[ Account holding bank number of payer ],付款人开户行名[ Payer account bank ],付款人账号[ Debit Account No. ],付款人名称[ Payer's Name ],收款人开户行行号[ Account holding bank number of beneficiary ],收款人开户行名[ Beneficiary account bank ],收款人账号[ Payee's Account Number ],收款人名称[ Payee's Name ],交易日期[ Transaction Date ],交易时间[ Transaction time ],交易货币[ Trade Currency ],交易金额[ Trade Amount ],交易后余额[ After-transaction balance ],起息日期[ Value Date ],汇率[ Exchange rate ],交易流水号[ Transaction reference number ],摘要[ Reference ],用途[ Purpose ],交易附言[ Remark ],备注[ Remarks ]"

// bocCells names both sides in every row; the amount has the sign and 来账/往账 say it once more.
func bocCells(e entry) map[string]any {
	side, from, to, amount := "来账", "付款人", "收款人", text(e.fen)
	if e.fen < 0 {
		side, from, to, amount = "往账", to, from, "-"+text(-e.fen)
	}
	cells := map[string]any{
		"交易类型": side, "业务类型": "汇款", from + "开户行名": e.bank, from + "账号": e.account, from + "名称": e.party, to + "账号": ownAccount, to + "名称": ownName,
		"交易日期": e.compact(), "交易时间": e.clock, "交易货币": "CNY", "交易金额": amount, "交易后余额": text(e.balance), "交易流水号": e.serial, "交易附言": e.text,
	}
	out := map[string]any{}
	for title, v := range cells {
		for _, full := range strings.Split(bocTitles, ",") {
			if strings.HasPrefix(full, title+"[") {
				out[full] = v
			}
		}
	}
	return out
}

// preambleRows are n rows above a header, with the account and its holder among them.
func preambleRows(n int) [][]any {
	rows := make([][]any, n)
	rows[0], rows[1], rows[2] = []any{"账户交易明细"}, []any{"账号", ownAccount}, []any{"户名", ownName}
	rows[n-2] = []any{"查询日期：2026-11-21 至 2026-11-21"}
	return rows
}

// fileOf makes the file of a layout.
func fileOf(t *testing.T, name string, rows [][]any) (body []byte, ext string) {
	t.Helper()
	charset, isText := texts[name]
	if !isText {
		return workbookOf(t, rows), ".xlsx"
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	for _, cells := range rows {
		line := make([]string, len(cells))
		for i, c := range cells {
			if c != nil {
				line[i] = fmt.Sprint(c)
			}
		}
		require.NoError(t, w.Write(line))
	}
	w.Flush()
	if charset == "utf-8-bom" {
		return append([]byte("\xef\xbb\xbf"), b.Bytes()...), ".csv"
	}
	body, err := simplifiedchinese.GB18030.NewEncoder().Bytes(b.Bytes())
	require.NoError(t, err)
	return body, ".csv"
}

// saveBanks writes, for every layout, a statement, one with bad rows, and one whose amount columns nobody knows.
func saveBanks(t *testing.T) {
	t.Helper()
	for name, rows := range banks() {
		body, ext := fileOf(t, name, rows)
		if name == "treasury_a" {
			body = edit(t, body, func(xml string) string {
				return strings.Replace(xml, "<sheetData>", `<dimension ref="A1:A1"/><sheetData>`, 1)
			})
		}
		save(t, "good_"+name+ext, body)
		body, ext = fileOf(t, name, spoilt(rows))
		save(t, "good_"+name+"_rejected"+ext, body)
		body, ext = fileOf(t, name, renamed(rows))
		save(t, "fail_"+name+ext, body)
	}
	icbc, _ := fileOf(t, "icbc_a", banks()["icbc_a"])
	save(t, "fail_icbc_a_bad_byte.csv", bytes.Replace(icbc, []byte("S005"), []byte("S\xff05"), 1))
	save(t, "fail_icbc_a_open_quote.csv", bytes.Replace(icbc, []byte("S002"), []byte(`"S002`), 1))
}

// headerAt finds the header: the first row of more than five cells.
func headerAt(rows [][]any) int {
	return slices.IndexFunc(rows, func(r []any) bool { return len(r) > 8 })
}

// spoilt has a row without a date, one with a letter in its amount, and one with a broken balance.
func spoilt(rows [][]any) [][]any {
	at := headerAt(rows)
	column := func(words ...string) int {
		return slices.IndexFunc(rows[at], func(c any) bool {
			return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(fmt.Sprint(c), w) })
		})
	}
	rows[at+1][column("交易时间", "交易日期")] = "昨天"
	rows[at+2][column("贷方", "收入", "交易金额")] = "2OO.00"
	rows[at+3][column("余额", "账户余额", "交易后余额")] = "1.234"
	return rows
}

// renamed calls money what no bank calls it.
func renamed(rows [][]any) [][]any {
	at := headerAt(rows)
	for i, c := range rows[at] {
		rows[at][i] = strings.NewReplacer("收入", "进", "贷方", "进", "交易金额", "数").Replace(fmt.Sprint(c))
	}
	return rows
}
