// Package bank writes account statements as a bank's net bank exports them.
package bank

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/xuri/excelize/v2"
)

// Account is the account a statement is of.
type Account struct{ Name, Number string }

// Line is one booking. Fen > 0 is money coming in.
type Line struct {
	At           time.Time // written in Beijing time
	Fen          int64
	Party        string // the other side
	PartyAccount string
	PartyBank    string
	Remark       string
	Serial       string // the bank's own number of the booking
}

// beijing is the time zone of banks.
var beijing = time.FixedZone("CST", 8*3600)

// cmbColumns is the header row of a current-account export of China Merchants Bank.
var cmbColumns = []string{
	"账号", "账号名称", "币种", "交易日", "交易时间", "起息日", "交易类型", "借方金额", "贷方金额", "余额", "摘要", "流水号",
	"流程实例号", "业务名称", "用途", "业务参考号", "业务摘要", "其它摘要", "收(付)方分行名", "收(付)方名称", "收(付)方账号",
	"收(付)方开户行行号", "收(付)方开户行名", "收(付)方开户行地址", "母(子)公司账号分行名", "母(子)公司账号", "母(子)公司名称",
	"信息标志", "有否附件信息", "冲账标志", "扩展摘要", "交易分析码", "票据号", "商务支付订单号", "内部编号",
}

// CMB writes the workbook (.xlsx) that China Merchants Bank exports for some days of a current account: four empty rows,
// the account's facts with counts, sums and balances, the header, the lines in the order given. lines must not be empty.
func CMB(a Account, openingFen int64, lines []Line) ([]byte, error) {
	if len(lines) == 0 {
		return nil, errors.New("write statement: no lines")
	}
	s := sheet{file: excelize.NewFile(), row: 5}
	s.facts(a, openingFen, lines)
	balance := openingFen
	for _, l := range lines {
		balance += l.Fen
		s.line(a, l, balance)
	}
	return s.bytes(lines[len(lines)-1].At)
}

// sheet writes row after row and remembers the first error.
type sheet struct {
	file *excelize.File
	row  int
	err  error
}

const sheetName = "Sheet1"

func (s *sheet) put(values ...any) {
	if s.err == nil {
		s.err = s.file.SetSheetRow(sheetName, fmt.Sprintf("A%d", s.row), &values)
	}
	s.row++
}

func (s *sheet) facts(a Account, openingFen int64, lines []Line) {
	var in, out int64
	var ins, outs int
	for _, l := range lines {
		if l.Fen >= 0 {
			in, ins = in+l.Fen, ins+1
		} else {
			out, outs = out-l.Fen, outs+1
		}
	}
	for _, fact := range [][2]any{
		{"标题", "账务明细"},
		{"账号名称", a.Name},
		{"银行账号", a.Number},
		{"累计借金额", yuan(out)},
		{"累计借总笔数", outs},
		{"累计贷金额", yuan(in)},
		{"累计贷总笔数", ins},
		{"对账单期初余额", yuan(openingFen)},
		{"对账单余额", yuan(openingFen + in - out)},
		{"查询开始日期", day(lines[0].At)},
		{"查询结束日期", day(lines[len(lines)-1].At)},
		{"记录条数", len(lines)},
	} {
		s.put(fact[0], fact[1])
	}
	header := make([]any, len(cmbColumns))
	for i, c := range cmbColumns {
		header[i] = c
	}
	s.put(header...)
}

func (s *sheet) line(a Account, l Line, balance int64) {
	cells := map[string]any{
		"账号": a.Number, "账号名称": a.Name, "币种": "人民币", "交易日": day(l.At), "交易时间": l.At.In(beijing).Format("150405"), "起息日": day(l.At),
		"交易类型": "对公转账", "余额": yuan(balance), "摘要": l.Remark, "流水号": l.Serial, "业务名称": "汇兑", "用途": l.Remark,
		"收(付)方名称": l.Party, "收(付)方账号": l.PartyAccount, "收(付)方开户行名": l.PartyBank,
	}
	if l.Fen >= 0 {
		cells["贷方金额"] = yuan(l.Fen)
	} else {
		cells["借方金额"] = yuan(-l.Fen)
	}
	values := make([]any, len(cmbColumns))
	for i, c := range cmbColumns {
		values[i] = cells[c]
	}
	s.put(values...)
}

func (s *sheet) bytes(at time.Time) ([]byte, error) {
	if s.err == nil {
		s.err = s.file.SetDocProps(&excelize.DocProperties{Title: "账务明细（样例）", Created: at.UTC().Format(time.RFC3339)})
	}
	var out bytes.Buffer
	if s.err == nil {
		s.err = s.file.Write(&out)
	}
	if err := errors.Join(s.err, s.file.Close()); err != nil {
		return nil, fmt.Errorf("write statement: %w", err)
	}
	return out.Bytes(), nil
}

func day(at time.Time) string { return at.In(beijing).Format("20060102") }

// yuan is an amount as the bank writes it: a number cell.
func yuan(fen int64) float64 { return float64(fen) / 100 }
