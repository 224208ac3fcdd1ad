package bank

import (
	"fmt"
	"strings"
)

// bocColumns are bilingual: a title and its English behind it.
const bocColumns = "交易类型[ Transaction Type ],业务类型[ Business type ],付款人开户行号[ Account holding bank number of payer ]," +
	"付款人开户行名[ Payer account bank ],付款人账号[ Debit Account No. ],付款人名称[ Payer's Name ]," +
	"收款人开户行行号[ Account holding bank number of beneficiary ],收款人开户行名[ Beneficiary account bank ]," +
	"收款人账号[ Payee's Account Number ],收款人名称[ Payee's Name ],交易日期[ Transaction Date ],交易时间[ Transaction time ]," +
	"交易货币[ Trade Currency ],交易金额[ Trade Amount ],交易后余额[ After-transaction balance ],起息日期[ Value Date ],汇率[ Exchange rate ]," +
	"交易流水号[ Transaction reference number ],客户申请号[ Online Banking Transaction Ref. ],客户业务编号[ Client Transaction ID ]," +
	"凭证类型[ Voucher type ],凭证号码[ Voucher number ],记录标识号[ Record ID ],摘要[ Reference ],用途[ Purpose ],交易附言[ Remark ],备注[ Remarks ]"

// boc writes counts and sums, then both sides of every booking, newest first, in UTF-8 with a mark at its beginning.
func boc(a Account, s statement) ([]byte, error) {
	var t table
	t.put("查询账号[ Inquirer account number ]", a.Number)
	t.put("总笔数[ Total number ]", len(s.lines))
	t.put("借方发生总笔数[ Total number of debited payments ]", s.outs)
	t.put("借方发生总额[ Total debited amount ]", text(s.out))
	t.put("贷方发生总笔数[ Total number of credited payments ]", s.ins)
	t.put("贷方发生总额[ Total credited amount ]", text(s.in))
	t.put("查询时间范围[ Time range ]", day(s.first())+"-"+day(s.last()))
	t.header(bocColumns)
	full := map[string]string{}
	for _, title := range t.columns {
		chinese, _, _ := strings.Cut(title, "[")
		full[chinese] = title
	}
	for _, l := range s.newestFirst() {
		side, other, own := "来账", "付款人", "收款人"
		if l.Fen < 0 {
			side, other, own = "往账", "收款人", "付款人"
		}
		cells := map[string]any{}
		for chinese, v := range map[string]any{
			"交易类型": side, "业务类型": l.Kind.word(), other + "开户行名": l.PartyBank, other + "账号": l.PartyAccount, other + "名称": l.Party,
			own + "开户行名": "中国银行深圳分行营业部", own + "账号": a.Number, own + "名称": a.Name, "交易日期": day(l.At), "交易时间": clock(l.At),
			"交易货币": "CNY", "交易金额": text(l.Fen), "交易后余额": text(l.balance), "起息日期": day(l.At), "交易流水号": l.Serial, "用途": l.Remark,
			"记录标识号": fmt.Sprintf("%s%d", day(l.At), l.At.Unix()%100_000),
		} {
			cells[full[chinese]] = v
		}
		t.line(cells)
	}
	body, err := t.csv()
	return append([]byte("\xef\xbb\xbf"), body...), err
}
