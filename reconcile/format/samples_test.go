package format

import (
	"archive/zip"
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
)

var write = flag.Bool("write", false, "make the workbooks of testdata anew (then check the golden files by eye)")

// TestSamples makes the workbooks of testdata. They are drawn from the layouts of two real corporate exports; names
// and numbers are invented.
func TestSamples(t *testing.T) {
	if !*write {
		t.Skip("only with -write")
	}
	good := map[string][][]any{
		"good_cmb_a":              sheetA(statementA(), 284000, 284000+104000-1050-60000),
		"good_cmb_a_newest_first": newestFirst(),
		"good_cmb_a_wrong_sum":    wrongSum(),
		"good_cmb_a_rejected":     rejected(),
		"good_cmb_a_no_lines":     sheetA(nil, 284000, 284000),
		"good_cmb_b":              sheetB(),
	}
	for name, rows := range good {
		save(t, name+".xlsx", workbookOf(t, rows))
	}
	saveBanks(t)
	save(t, "fail_no_header.xlsx", workbookOf(t, [][]any{{"姓名", "电话"}, {"张三", "13800000000"}}))
	save(t, "fail_two_statements.xlsx", workbookOf(t, sheetB(), sheetB()))
	save(t, "fail_encrypted.xlsx", workbookOf(t, sheetB(), excelize.Options{Password: "1234"}))
	whole := workbookOf(t, sheetB())
	save(t, "fail_truncated.xlsx", whole[:len(whole)/2])
	save(t, "fail_cut_sheet.xlsx", edit(t, whole, func(xml string) string { return xml[:len(xml)*2/3] }))
	save(t, "fail_row_number.xlsx", edit(t, whole, func(xml string) string {
		return strings.Replace(xml, `<row r="4"`, `<row r="900000000"`, 1)
	}))
	save(t, "fail_zip.xlsx", zipOf(t, map[string]string{"readme.txt": "no workbook"}))
	save(t, "fail_empty.xlsx", nil)
	save(t, "fail_legacy.xls", append([]byte{0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1}, make([]byte, 600)...))
	save(t, "fail_page.xls", []byte("<html><table><tr><td>交易日</td></tr></table></html>"))
	save(t, "fail_text.csv", []byte("交易日,借方金额,贷方金额,收(付)方名称\r\n20261121,,400.00,甲\r\n"))
	save(t, "fail_binary.bin", bytes.Repeat([]byte{1, 0, 2}, 300))
}

const ownName, ownAccount = "深圳市样例电子认证服务有限公司", "755900000000019"

// columnsA are the first columns of variant A, in the order of the real export.
var columnsA = []any{
	"账号", "账号名称", "币种", "交易日", "交易时间", "起息日", "交易类型", "借方金额", "贷方金额", "余额", "摘要", "流水号",
	"流程实例号", "业务名称", "用途", "业务参考号", "业务摘要", "其它摘要", "收(付)方分行名", "收(付)方名称", "收(付)方账号",
}

// bookingA is what varies between the rows of variant A; nil leaves a cell empty.
type bookingA struct {
	day, clock, kind any
	debit, credit    any
	balance          any
	summary, use     string
	serial           string
	payer, account   string
}

func (b bookingA) cells() []any {
	return []any{
		ownAccount, ownName, "人民币", b.day, b.clock, b.day, b.kind, b.debit, b.credit, b.balance, b.summary, b.serial,
		nil, nil, b.use, nil, nil, nil, nil, b.payer, b.account,
	}
}

func statementA() []bookingA {
	return []bookingA{
		{"20261121", "093318", "网银转账", nil, 400.0, 3240.0, "证书续期费R261120001078", "", "C001", "阳江市海陵湾检修服务有限公司", "6222000000006620"},
		{"20261121", "094102", "网银转账", nil, 200.0, 3440.0, "续期", "", "C002", "湛江市东海岛管道工程有限公司", "6222000000000913"},
		{"20261121", "094102", "网银转账", nil, 200.0, 3640.0, "续期", "", "C002", "湛江市东海岛管道工程有限公司", "6222000000000913"},
		{"20261121", "102010", "收费", 10.5, nil, 3629.5, "网银手续费", "", "C003", "", ""},
		{"20261121", "110237", "网银转账", nil, 40.000000000000007, 3669.5, "含手续费", "付证书费", "C004", "惠州市稔平（电气）有限公司", "6222000000007741"},
		{"20261121", "112005", "网银转账", nil, "200.00", "3,869.50", "代付", "福清江阴港区", "C005", "王某某", "6222000000000038"},
		{"20261121", "131526", "网银转账", nil, 400.0, 4269.5, "退汇 原交易 1120-0883", "", "C006", "防城港市北仑湾环保科技有限公司", "6222000000003065"},
		{"20261121", "140000", "转账", 600.0, nil, 3669.5, "资金归集", "", "C007", ownName, "755900000000027"},
		{"20261121", "150000", "冲正", nil, -400.0, 3269.5, "冲正", "", "C008", "防城港市北仑湾环保科技有限公司", "6222000000003065"},
	}
}

// sheetA puts the preamble of variant A above the rows; opening and closing are in fen.
func sheetA(lines []bookingA, opening, closing int64) [][]any {
	var debit, credit float64
	var debits, credits int
	for _, l := range lines {
		if v, ok := l.debit.(float64); ok {
			debit, debits = debit+v, debits+1
		}
		switch v := l.credit.(type) {
		case float64:
			credit, credits = credit+v, credits+1
		case string:
			credit, credits = credit+200, credits+1
		}
	}
	rows := [][]any{
		{},
		{},
		{},
		{},
		{"标题", "账务明细"},
		{"账号名称", ownName, nil, "银行账号", ownAccount},
		{"累计借金额", debit, nil, "累计借总笔数", debits},
		{"累计贷金额", credit, nil, "累计贷总笔数", credits},
		{"对账单期初余额", float64(opening) / 100, nil, "对账单余额", float64(closing) / 100},
		{"查询开始日期", "20261121", nil, "查询结束日期", "20261121"},
		{"记录条数", len(lines)},
		{},
		columnsA,
	}
	for _, l := range lines {
		rows = append(rows, l.cells())
	}
	return rows
}

func newestFirst() [][]any {
	rows := sheetA(statementA(), 284000, 326950)
	head, lines := rows[:13], rows[13:]
	for i, j := 0, len(lines)-1; i < j; i, j = i+1, j-1 {
		lines[i], lines[j] = lines[j], lines[i]
	}
	return append(append([][]any{}, head[4:]...), lines...) // the header moves to row 9
}

func wrongSum() [][]any {
	rows := sheetA(statementA(), 284000, 326950)
	rows[10] = []any{"记录条数", 12}
	return rows
}

// rejected has an amount with the letter O, another account's row, a foreign currency and a page total.
func rejected() [][]any {
	lines := statementA()
	lines[1].credit = "2OO.00"
	rows := sheetA(lines, 284000, 326950)
	rows[15][0] = "755900000000035"
	rows[16][2] = "美元"
	rows[17][3] = "昨天"
	rows[18][8] = nil
	return append(rows, columnsA, []any{"本页小计", nil, nil, nil, nil, nil, nil, 610.5})
}

func sheetB() [][]any {
	return [][]any{
		{"公司名称", ownName, "银行帐号", ownAccount},
		{"查询开始日期：20261120", "查询结束日期：20261120"},
		{
			"交易日", "交易时间", "起息日", "交易类型", "借方金额", "贷方金额", "余额", "摘要", "流水号", "流程实例号", "业务名称", "用途",
			"业务参考号", "业务摘要", "其它摘要", "收/付方分行名", "收/付方名称", "收/付方帐号", "收/付方开户行行号", "收/付方开户行名",
			"收/付方开户行地址", "信息标志", "有否附件信息", "冲帐标志", "扩展摘要",
		},
		{
			20261120, 80024, "20261120", "网银转账", nil, 400, 1400, "证书费", "S1", nil, nil, "续期", nil, nil, nil, nil,
			"大连瓦房店恒屹阀门制造有限公司", "6222000000008450", nil, "样例银行大连分行", nil, nil, nil, "N", "R261120001078",
		},
		{
			20261120, 235959, "20261120", "网银转账", nil, 100, 1500, "证书费", "S2", nil, nil, nil, nil, nil, nil, nil,
			"大连瓦房店恒屹阀门制造有限公司", "6222000000008450", nil, "样例银行大连分行", nil, nil, nil, "Y", nil,
		},
	}
}

func workbookOf(t *testing.T, parts ...any) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer func() { require.NoError(t, f.Close()) }()
	var opts []excelize.Options
	n := 0
	for _, part := range parts {
		if o, ok := part.(excelize.Options); ok {
			opts = append(opts, o)
			continue
		}
		name := "Sheet" + string(rune('1'+n))
		_, err := f.NewSheet(name)
		require.NoError(t, err)
		for i, cells := range part.([][]any) {
			cell, err := excelize.CoordinatesToCellName(1, i+1)
			require.NoError(t, err)
			require.NoError(t, f.SetSheetRow(name, cell, &cells))
		}
		n++
	}
	b, err := f.WriteToBuffer()
	require.NoError(t, err)
	if len(opts) == 0 {
		return b.Bytes()
	}
	sealed, err := excelize.Encrypt(b.Bytes(), &opts[0])
	require.NoError(t, err)
	return sealed
}

// edit changes the XML of the first sheet inside a workbook.
func edit(t *testing.T, body []byte, change func(string) string) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	require.NoError(t, err)
	parts := map[string]string{}
	for _, f := range r.File {
		part, err := f.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(part)
		require.NoError(t, err)
		parts[f.Name] = string(text)
	}
	parts["xl/worksheets/sheet1.xml"] = change(parts["xl/worksheets/sheet1.xml"])
	return zipOf(t, parts)
}

func zipOf(t *testing.T, parts map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range parts {
		part, err := w.Create(name)
		require.NoError(t, err)
		_, err = io.WriteString(part, text)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func save(t *testing.T, name string, body []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join("testdata", name), body, 0o600))
}
