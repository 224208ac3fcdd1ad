package bank_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"caconsole/cmd/applicant/bank"
)

// Where bank_headers.tsv has seen the header row, counted from 0, and what stands in it first.
var headers = map[string]struct {
	row   int
	title string
}{
	"CMB": {16, "账号"}, "ICBC": {1, "凭证号"}, "CCB": {2, "交易时间"}, "ABC": {2, "交易时间"}, "BOC": {7, "交易类型[ Transaction Type ]"},
	"PINGAN": {0, "交易日期"}, "CITIC": {14, "交易日期"}, "CMBC": {18, "交易时间"}, "HUAXIA": {8, "序号"}, "TREASURY": {2, "交易时间"},
}

func TestEveryBankWritesItsOwnLayout(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 17, 30, 5, 0, time.UTC)
	lines := []bank.Line{
		{At: at, Fen: 1_234_567_89, Party: "深圳市启衡核电工程有限公司", PartyAccount: "4000000000000000001", Remark: "R26112200018", Serial: "C1"},
		{At: at.Add(time.Minute), Fen: -1050, Kind: bank.Fee, Remark: "账户服务", Serial: "C2"},
		{At: at.Add(time.Hour), Fen: 321, Kind: bank.Interest, Remark: "四季度", Serial: "C3"},
	}
	require.Len(t, bank.Layouts, len(headers))
	for _, l := range bank.Layouts {
		t.Run(l.Bank, func(t *testing.T) {
			raw, err := l.Write(bank.Account{Name: "样例认证公司", Number: "755900000010502"}, 1_000_00, lines)
			require.NoError(t, err)
			rows := read(t, l.Ext, raw)
			at := headers[l.Bank]
			require.Equal(t, at.title, strings.TrimSpace(rows[at.row][0]))
			body := fmt.Sprint(rows)
			for _, want := range []string{"755900000010502", "深圳市启衡核电工程有限公司", "4000000000000000001", "R26112200018"} {
				require.Contains(t, body, want)
			}
			require.True(t, strings.Contains(body, "1,234,567.89") || strings.Contains(body, "1234567.89"))
			first := slices.IndexFunc(rows, func(r []string) bool { return strings.Contains(fmt.Sprint(r), "启衡") })
			newest := slices.Contains([]string{"BOC", "PINGAN", "CITIC", "HUAXIA"}, l.Bank)
			require.Equal(t, newest, first > at.row+1, "newest first")

			_, err = l.Write(bank.Account{}, 0, nil)
			require.Error(t, err)
		})
	}
	_, err := bank.Of("nobody's")
	require.Error(t, err)
	icbc, err := bank.Of("ICBC")
	require.NoError(t, err)
	raw, err := icbc.Write(bank.Account{Name: "a", Number: "1"}, 0, lines)
	require.NoError(t, err)
	require.False(t, utf8.Valid(raw), "the bank writes GB18030")
}

// read gives the cells of a file.
func read(t *testing.T, ext string, raw []byte) [][]string {
	t.Helper()
	if ext == ".xlsx" {
		f, err := excelize.OpenReader(bytes.NewReader(raw))
		require.NoError(t, err)
		rows, err := f.GetRows("Sheet1", excelize.Options{RawCellValue: true})
		require.NoError(t, err)
		require.NoError(t, f.Close())
		return rows
	}
	text := bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(text) {
		var err error
		text, err = simplifiedchinese.GB18030.NewDecoder().Bytes(text)
		require.NoError(t, err)
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	require.NoError(t, err)
	return rows
}
