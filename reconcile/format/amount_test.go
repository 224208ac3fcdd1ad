package format

import (
	"math"
	"math/big"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"caconsole/admin/money"
)

func TestParseAmount(t *testing.T) {
	for cell, want := range map[string]money.Fen{
		"1,234.56": 123456, "+340.00": 34000, "400": 40000, "0.00": 0, "(12.00)": -1200, "-12.5": -1250,
		"￥1，000.00": 100000, "CNY 123.18": 12318, "-¥8": -800, "\t600.00 ": 60000,
		"10096724.640000001": 1009672464, "0.29999999999999999": 30, "1.0000000000000001E-2": 1,
		"1.00967246400000001E7": 1009672464, "12.340": 1234, "99999999999.99": 9999999999999,
	} {
		got, ok, err := parseAmount(cell)
		require.NoError(t, err, cell)
		require.True(t, ok, cell)
		require.Equal(t, want, got, cell)
	}
	for _, cell := range []string{"", " ", "-", "--", "\u3000"} {
		_, ok, err := parseAmount(cell)
		require.NoError(t, err, cell)
		require.False(t, ok, "%q stands for no amount", cell)
	}
	for _, cell := range []string{
		"4OO.00", "12.345", "1.23.4", "1,23.00", ",1", "12.", ".5", "1e99", "0x10", "12a", "100000000000.00", "--5",
		"10096724.6401", "１２，34", "USD 5",
	} {
		_, _, err := parseAmount(cell)
		require.ErrorIs(t, err, errAmount, cell)
	}
}

// Every amount a spreadsheet can hold as a float comes back as the fen it was.
func TestParseAmountReadsFloats(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fen := rapid.Int64Range(1, 1e11).Draw(t, "fen")
		f := float64(fen) / 100
		for range rapid.IntRange(0, 3).Draw(t, "ulps") {
			f = math.Nextafter(f, math.Inf(1))
		}
		got, ok, err := parseAmount(strconv.FormatFloat(f, 'g', 17, 64))
		if err != nil || !ok || got != money.Fen(fen) {
			t.Fatalf("%v: got %d, %v, %v, want %d", f, got, ok, err, fen)
		}
	})
}

// What is accepted lies within 0.0001 fen of the cell, computed by another way.
func FuzzParseAmount(f *testing.F) {
	for _, s := range []string{"1,234.56", "4OO.00", "10096724.640000001", "1E-2", "(1)", "￥5", "-", "0.00009999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		fen, ok, err := parseAmount(cell)
		if err != nil || !ok {
			require.Zero(t, fen)
			return
		}
		exact, known := new(big.Rat).SetString(cell)
		if !known {
			return // separators, signs and currency: the table above has them
		}
		diff := exact.Mul(exact, big.NewRat(100, 1)).Sub(exact, new(big.Rat).SetInt64(int64(fen)))
		require.LessOrEqual(t, diff.Abs(diff).Cmp(big.NewRat(1, 10_000)), 0, cell)
	})
}
