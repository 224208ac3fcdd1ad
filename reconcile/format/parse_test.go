package format

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
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

// FuzzParse feeds changed workbooks: whatever comes, it ends in a result whose figures hold or in a fault.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.xls*")
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

// FuzzRow feeds the cells of one row through the real header.
func FuzzRow(f *testing.F) {
	f.Add("20261121", "093318", "", "400.00", "3,240.00", "证书续期费", "甲公司")
	f.Add("合计", "", "1", "2", "", "", "")
	f.Add("46024.5", "", "-1", "", "(3)", "冲正", "")
	f.Fuzz(func(t *testing.T, day, clock, debit, credit, balance, text, payer string) {
		l := specs[0]
		title := make([]string, len(columnsA))
		for i, c := range columnsA {
			title[i] = c.(string)
		}
		h, ok := l.match(row{number: 1, cells: title}, nil)
		require.True(t, ok)
		p := &parser{header: &h, facts: map[Fact]string{}}
		p.booking(row{number: 2, cells: []string{
			ownAccount, ownName, "", day, clock, "", "", debit, credit, balance, text, "", "", "", "", "", "", "", "", payer, "",
		}})
		require.LessOrEqual(t, len(p.lines)+len(p.rejected), 1)
		for _, line := range p.lines {
			require.Positive(t, line.Amount)
			require.Contains(t, []Direction{In, Out}, line.Direction)
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
