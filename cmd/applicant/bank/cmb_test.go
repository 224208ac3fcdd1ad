package bank_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"caconsole/cmd/applicant/bank"
)

func TestStatementIsWhatABankExports(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 17, 30, 5, 0, time.UTC) // 01:30:05 of the next day in Beijing
	raw, err := bank.CMB(bank.Account{Name: "样例认证公司", Number: "755900000010502"}, 1_000_00, []bank.Line{
		{At: at, Fen: 28050, Party: "深圳市启衡核电工程有限公司", PartyAccount: "4000000000000000001", Remark: "R26112200018", Serial: "C1"},
		{At: at.Add(time.Minute), Fen: -1050, Party: "招商银行", Remark: "手续费", Serial: "C2"},
	})
	require.NoError(t, err)
	f, err := excelize.OpenReader(bytes.NewReader(raw))
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	rows, err := f.GetRows("Sheet1", excelize.Options{RawCellValue: true})
	require.NoError(t, err)
	require.Len(t, rows, 4+12+1+2)
	require.Equal(t, []string{"累计借金额", "10.5"}, rows[7])
	require.Equal(t, []string{"对账单余额", "1270"}, rows[12])
	cell := func(row int) map[string]string {
		out := map[string]string{}
		for i, v := range rows[row] {
			out[rows[16][i]] = v
		}
		return out
	}
	in, out := cell(17), cell(18)
	require.Equal(t, "20261123", in["交易日"])
	require.Equal(t, "013005", in["交易时间"])
	require.Equal(t, "280.5", in["贷方金额"])
	require.Empty(t, in["借方金额"])
	require.Equal(t, "4000000000000000001", in["收(付)方账号"], "a 19-digit account is text, or its end would be lost")
	require.Equal(t, "10.5", out["借方金额"])
	require.Equal(t, "1270", out["余额"])

	_, err = bank.CMB(bank.Account{}, 0, nil)
	require.Error(t, err)
}
