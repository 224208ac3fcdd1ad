package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/calendar"
	"caconsole/cmd/applicant/bank"
	"caconsole/reconcile/format"
)

// What ten banks export of the same day, `caconsole statement parse --json` reads as the same lines.
func TestStatementParseReadsEveryBank(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 9, 30, 5, 0, calendar.Beijing)
	account := bank.Account{Name: "深圳市样例电子认证服务有限公司", Number: "755900000010502"}
	wrote := []bank.Line{
		{At: at, Fen: 28050, Party: "深圳市启衡核电工程有限公司", PartyAccount: "4000000000000000001", Remark: "证书续期 R26112200018", Serial: "C1"},
		{At: at.Add(time.Minute), Fen: 1_234_567_89, Party: "惠州市稔平（电气）有限公司", PartyAccount: "4000000000000000002", Remark: "货款,二期", Serial: "C2"},
		{At: at.Add(2 * time.Minute), Fen: -1050, Kind: bank.Fee, Remark: "手续费", Serial: "C3"},
		{At: at.Add(time.Hour), Fen: 26000, Kind: bank.Return, Party: "宁德市澄杉检测有限公司", PartyAccount: "4000000000000000003", Remark: "账号不符", Serial: "C4"},
		{At: at.Add(2 * time.Hour), Fen: -28050, Kind: bank.Reversal, Party: "深圳市启衡核电工程有限公司", PartyAccount: "4000000000000000001", Remark: "记账更正", Serial: "C5"},
		{At: at.Add(3 * time.Hour), Fen: 321, Kind: bank.Interest, Remark: "四季度", Serial: "C6"},
		{At: at.Add(4 * time.Hour), Fen: -500_000, Party: account.Name, PartyAccount: "755900000010999", Remark: "资金归集", Serial: "C7"},
	}
	kinds := []format.Kind{format.Transfer, format.Transfer, format.Fee, format.Return, format.Reversal, format.Interest, format.Internal}
	for _, l := range bank.Layouts {
		t.Run(l.Bank, func(t *testing.T) {
			t.Parallel()
			body, err := l.Write(account, 1_000_00, wrote)
			require.NoError(t, err)
			got := parse(t, body)
			require.Equal(t, l.Bank, *got.Bank)
			require.Equal(t, l.Variant, *got.Variant)
			require.Equal(t, account.Number, got.Account)
			require.Empty(t, got.Rejected)
			require.True(t, *got.ChainOK)
			require.True(t, got.TotalsOK == nil || *got.TotalsOK)
			require.EqualValues(t, 1_000_00, *got.Opening)
			require.Len(t, got.Lines, len(wrote))
			for i, w := range wrote {
				line := got.Lines[i]
				if got.Lines[0].BookedAt > got.Lines[1].BookedAt {
					line = got.Lines[len(wrote)-1-i]
				}
				require.Equal(t, w.At.Format("2006-01-02T15:04:05+08:00"), line.BookedAt)
				require.Equal(t, w.Fen > 0, line.Direction == format.In)
				require.EqualValues(t, max(w.Fen, -w.Fen), line.Amount)
				require.Equal(t, w.Party, line.PayerName)
				require.Equal(t, w.PartyAccount, line.PayerAccount)
				require.Contains(t, line.Text, w.Remark)
				if l.Bank != "ICBC" || kinds[i] != format.Internal { // its file does not say who we are
					require.Equal(t, kinds[i], line.Kind)
				}
			}
		})
	}
}

// parse runs the command on a file of these bytes.
func parse(t *testing.T, body []byte) format.Result {
	t.Helper()
	file := filepath.Join(t.TempDir(), "statement")
	require.NoError(t, os.WriteFile(file, body, 0o600))
	var out bytes.Buffer
	require.NoError(t, statementParseCommand{File: file, JSON: true}.Run(env{Stdout: &out}))
	var got format.Result
	require.NoError(t, json.Unmarshal(out.Bytes(), &got))
	return got
}
