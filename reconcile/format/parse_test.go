package format

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
)

var update = flag.Bool("update", false, "write the golden files of testdata")

// TestGolden reads every file of testdata: good_* into .golden.json, fail_* into the fault of .golden.txt.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*_*.*")
	require.NoError(t, err)
	seen := 0
	for _, file := range files {
		if strings.Contains(file, ".golden.") {
			continue
		}
		seen++
		t.Run(filepath.Base(file), func(t *testing.T) {
			body, err := os.ReadFile(file)
			require.NoError(t, err)
			res, err := Parse(body)
			golden, got := file+".golden.json", []byte(nil)
			if strings.HasPrefix(filepath.Base(file), "fail_") {
				require.Error(t, err)
				require.Nil(t, res)
				golden, got = file+".golden.txt", []byte(fault.Of(err).Kind.String()+" "+fault.Of(err).Key+"\n")
			} else {
				require.NoError(t, err)
				got, err = json.MarshalIndent(res, "", "  ")
				require.NoError(t, err)
				got = append(got, '\n')
			}
			if *update {
				require.NoError(t, os.WriteFile(golden, got, 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got))
		})
	}
	require.Greater(t, seen, 10, "testdata went missing")
}

func TestBrokenChainNamesTheRow(t *testing.T) {
	lines := statementA()
	lines[4].credit = 45.0 // one row edited by hand; its balance still says 40.00
	res, err := Parse(workbookOf(t, sheetA(lines, 284000, 326950)))
	require.NoError(t, err)
	require.False(t, *res.ChainOK)
	require.Equal(t, 18, res.ChainBreak)
	require.EqualValues(t, -500, res.ChainGap)
	require.True(t, *res.TotalsOK, "the sums above were computed from the edited rows")
}

func TestOneLineTellsTheBalances(t *testing.T) {
	rows := banks()["treasury_a"]
	res, err := Parse(workbookOf(t, rows[:headerAt(rows)+2]))
	require.NoError(t, err)
	require.Nil(t, res.ChainOK)
	require.EqualValues(t, 284000, *res.Opening)
	require.EqualValues(t, 324000, *res.Closing)
}

func TestTotalsNameWhatDiffers(t *testing.T) {
	res, err := Parse(workbookOf(t, wrongSum()))
	require.NoError(t, err)
	require.True(t, *res.ChainOK)
	require.False(t, *res.TotalsOK)
	for _, total := range res.Totals {
		require.Equal(t, total.Name != "record_count", total.OK(), total.Name)
	}
}

func TestHeaderIsFoundWhereverItStands(t *testing.T) {
	rows := sheetA(statementA(), 284000, 326950)
	for extra := range 20 {
		moved := append(make([][]any, extra), rows...)
		res, err := Parse(workbookOf(t, moved))
		require.NoError(t, err)
		require.Equal(t, 13+extra, res.HeaderRow)
		require.Len(t, res.Lines, 9)
		require.True(t, *res.ChainOK)
	}
}

func TestFoldedHeaders(t *testing.T) {
	rows := sheetA(statementA(), 284000, 326950)
	spelt := append([]any{}, columnsA...)
	for i, h := range spelt {
		h := strings.NewReplacer("(", "（", ")", "）", "账", "帐", "金额", " 金\n额\u3000").Replace(h.(string))
		spelt[i] = h
	}
	rows[12] = spelt
	res, err := Parse(workbookOf(t, rows))
	require.NoError(t, err)
	require.Len(t, res.Lines, 9)
	require.Equal(t, "阳江市海陵湾检修服务有限公司", res.Lines[0].PayerName)
}

func TestColumnsMayMove(t *testing.T) {
	want, err := Parse(workbookOf(t, sheetA(statementA(), 284000, 326950)))
	require.NoError(t, err)
	rows := sheetA(statementA(), 284000, 326950)
	for i := 12; i < len(rows); i++ {
		var turned []any
		for j := len(rows[i]) - 1; j >= 0; j-- {
			turned = append(turned, rows[i][j])
		}
		rows[i] = turned
	}
	got, err := Parse(workbookOf(t, rows))
	require.NoError(t, err)
	for i := range got.Lines { // joined text follows the order of its columns
		require.ElementsMatch(t, strings.Fields(want.Lines[i].Text), strings.Fields(got.Lines[i].Text))
		got.Lines[i].Text = want.Lines[i].Text
	}
	require.Equal(t, want.Lines, got.Lines)
}

func TestZipBombIsRefused(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	part, err := w.CreateRaw(&zip.FileHeader{
		Name: "xl/worksheets/sheet1.xml", Method: zip.Deflate, CompressedSize64: 4, UncompressedSize64: maxUnzipped + 1,
	})
	require.NoError(t, err)
	_, err = part.Write([]byte{0x4b, 0x4c, 0x04, 0x00})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	_, err = Parse(b.Bytes())
	require.True(t, fault.HasKey(err, "statement_too_large"), "%v", err)
}

func TestAccountNumbersThatLostDigits(t *testing.T) {
	for cell, want := range map[string]string{
		"755900000000019": "755900000000019", "7.55900000000019E14": "755900000000019", "6.2148512345678901E+18": "",
		"6222 0000 0000 6620": "6222000000006620", "６２２２": "6222", "": "", "*6620": "6620", `="00123"`: "00123",
	} {
		require.Equal(t, want, accountNo(cell), cell)
	}
}

// What is no booking of the account, or says two things at once, is kept as a rejected row.
func TestRowsThatContradictThemselves(t *testing.T) {
	for name, c := range map[string]struct {
		bank, column, value, reason string
	}{
		"flag against column":   {"icbc_a", "借/贷", "借", "row_direction_differs"},
		"flag nobody knows":     {"icbc_a", "借/贷", "?", "row_direction_unknown"},
		"sign against flag":     {"boc_a", "交易金额", "-3.21", "row_direction_differs"},
		"no amount":             {"boc_a", "交易金额", "0.00", "row_amount_missing"},
		"other account":         {"boc_a", "收款人账号", "755900000000035", "row_other_account"},
		"money on both sides":   {"huaxia_a", "支出金额", "1.00", "row_amount_both_sides"},
		"currency of elsewhere": {"treasury_a", "币种", "美元", "row_currency_foreign"},
	} {
		t.Run(name, func(t *testing.T) {
			rows := banks()[c.bank]
			at := headerAt(rows)
			column := slices.IndexFunc(rows[at], func(title any) bool { return strings.HasPrefix(title.(string), c.column) })
			rows[at+1][column] = c.value
			body, _ := fileOf(t, c.bank, rows)
			res, err := Parse(body)
			require.NoError(t, err)
			require.Len(t, res.Rejected, 1)
			require.Equal(t, at+2, res.Rejected[0].Row)
			require.Equal(t, c.reason, res.Rejected[0].Reason)
		})
	}
}

// The same bookings read alike whatever bank wrote them.
func TestBanksAgree(t *testing.T) {
	for name, rows := range banks() {
		body, _ := fileOf(t, name, rows)
		res, err := Parse(body)
		require.NoError(t, err, name)
		require.True(t, *res.ChainOK, name)
		lines := slices.Clone(res.Lines)
		if lines[0].BookedAt > lines[7].BookedAt {
			slices.Reverse(lines)
		}
		kinds := []Kind{Transfer, Transfer, Transfer, Fee, Transfer, Return, Reversal, Interest}
		for i, e := range entries() {
			require.Equal(t, e.day+"T"+e.clock+"+08:00", lines[i].BookedAt, name)
			require.EqualValues(t, e.fen, lines[i].effect(), name)
			require.EqualValues(t, e.balance, *lines[i].Balance, name)
			require.Equal(t, e.party, lines[i].PayerName, name)
			require.Equal(t, e.account, lines[i].PayerAccount, name)
			require.Equal(t, kinds[i], lines[i].Kind, "%s %s", name, e.serial)
		}
	}
}

// FuzzParse feeds changed workbooks: whatever comes, it ends in a result whose figures hold or in a fault.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.*")
	require.NoError(f, err)
	for _, file := range files {
		if body, err := os.ReadFile(file); err == nil && !strings.Contains(file, ".golden.") {
			f.Add(body)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		res, err := Parse(body)
		if err != nil {
			require.True(t, fault.Is(err, fault.Invalid), "%v", err)
			return
		}
		for _, l := range res.Lines {
			require.Positive(t, l.Amount)
		}
	})
}

// FuzzRow feeds the cells of one row through the header of every layout.
func FuzzRow(f *testing.F) {
	f.Add("20261121", "093318", "", "400.00", "3,240.00", "贷", "证书续期费", "甲公司")
	f.Add("合计", "", "1", "2", "", "", "", "")
	f.Add("46024.5", "", "-1", "", "(3)", "来账", "冲正", "--")
	f.Add("5 收 91,007,497.02", "", "", "", "", "", "", "")
	f.Fuzz(func(t *testing.T, day, clock, debit, credit, balance, flag, text, party string) {
		cells := map[Field]string{
			FieldDate: day, FieldTime: clock, FieldDebit: debit, FieldCredit: credit, FieldAmount: credit, FieldBalance: balance,
			FieldFlag: flag, FieldText: text, FieldPayer: party, FieldPayee: text,
		}
		for _, l := range specs {
			var title, values []string
			for field, names := range l.Columns {
				if !slices.Contains(l.Absent, field) {
					title, values = append(title, names[0]), append(values, cells[field])
				}
			}
			h, ok := l.match(row{number: 1, cells: title}, map[Fact]string{FactAccount: "1", FactOwnName: "a"})
			require.True(t, ok, l.Bank)
			p := &parser{header: &h, facts: map[Fact]string{}}
			p.booking(row{number: 2, cells: values})
			require.LessOrEqual(t, len(p.lines)+len(p.rejected)+len(p.below), 1)
			for _, line := range p.lines {
				require.Positive(t, line.Amount)
				require.Equal(t, line.effect(), p.sums.credit-p.sums.debit)
			}
			for _, bad := range p.rejected {
				require.NotEmpty(t, bad.Column)
			}
		}
	})
}

// FuzzText feeds changed texts. Every line of the file is a row, a part of one, or blank: none is passed over.
func FuzzText(f *testing.F) {
	f.Add("a,b\n\"1\n2\",=\"003\"\r\n\n x | y ")
	f.Add("a\tb\t\n\"c\"\"d\" \t,")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := openText([]byte(text))
		if err != nil {
			return
		}
		last, rows := 0, 0
		for r, err := range c.sheets()[0].rows {
			if err != nil {
				require.True(t, fault.Is(err, fault.Invalid), "%v", err)
				return
			}
			require.Greater(t, r.number, last)
			last = r.number
			rows++
		}
		if f := c.(*textFile); !strings.Contains(f.text, `"`) {
			filled := 0
			for line := range strings.Lines(f.text) {
				if strings.TrimSpace(strings.ReplaceAll(line, f.delimiter, " ")) != "" {
					filled++
				}
			}
			require.Equal(t, filled, rows)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	var lines []bookingA
	for i := range 10_000 {
		l := statementA()[0]
		l.serial, l.balance = strconv.Itoa(i), nil
		lines = append(lines, l)
	}
	t := &testing.T{}
	body := workbookOf(t, sheetA(lines, 0, 0))
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		res, err := Parse(bytes.Clone(body))
		if err != nil || len(res.Lines) != len(lines) {
			b.Fatal(err)
		}
	}
}
