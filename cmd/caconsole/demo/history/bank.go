package history

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"caconsole/admin/calendar"
	"caconsole/admin/money"
	"caconsole/cmd/applicant/bank"
)

// Account is the bank account that applicants pay into.
type Account struct{ Name, Number, Bank, Branch string }

// till is the account with what has been booked on it and not yet been fetched from the bank.
type till struct {
	account Account
	balance int64
	fetched int64 // balance at the end of the last statement
	booked  int
	lines   []bank.Line
}

// pay books a credit, or with a negative amount a debit, and returns the booking.
func (t *till) pay(at time.Time, from string, amount money.Fen, remark string) bank.Line {
	t.booked++
	t.balance += int64(amount)
	l := bank.Line{
		At: at, Fen: int64(amount), Party: from, PartyAccount: fmt.Sprintf("4000%015d", 23_092_001_000+t.booked*7919), PartyBank: "中国工商银行深圳福田支行",
		Remark: remark, Serial: fmt.Sprintf("C%s%05d", at.In(calendar.Beijing).Format("060102"), t.booked),
	}
	t.lines = append(t.lines, l)
	return l
}

// statement is what the bank exports since the last one; nothing booked gives none.
func (t *till) statement() ([]byte, error) {
	if len(t.lines) == 0 {
		return nil, nil
	}
	slices.SortStableFunc(t.lines, func(a, b bank.Line) int { return a.At.Compare(b.At) })
	raw, err := bank.CMB(bank.Account{Name: t.account.Name, Number: t.account.Number}, t.fetched, t.lines)
	t.fetched, t.lines = t.balance, nil
	return raw, err
}

// fetch is finance importing and committing a statement.
func (w *world) fetch(ctx context.Context) error {
	w.noise()
	raw, err := w.till.statement()
	if err != nil || raw == nil {
		return err
	}
	name := statementName(w.Clock.Now())
	clerk := w.who("finance", w.fetches)
	w.fetches++
	batch, err := w.flow.ImportStatement(ctx, clerk, name, raw)
	if err != nil {
		return err
	}
	_, err = w.flow.CommitStatement(ctx, clerk, batch.ID)
	return err
}

// strangers are those whose money is for no order, or for one that only a person can find.
var strangers = []struct {
	from   string
	amount money.Fen
	remark string
}{
	{"深圳市沐恒财务代理有限公司", 260_00, "代付证书费"},
	{"招商银行", -15_00, "网上企业银行服务费"},
	{"刘国强", 260_00, "续期"},
	{"惠州市青屿建设集团有限公司", 1100_00, "集团代子公司缴费"},
	{"广州市栎川商贸有限公司", 88_00, "退款重汇"},
	{"招商银行", -12_00, "转账手续费"},
	{"（样例）支付服务有限公司", 500_00, "备付金结算"},
	{"大连市海澜工程有限公司", 720_00, "服务费"},
	{"陈丽", 500_00, "公司证书两年"},
	{"福州市鼎岚贸易有限公司", 920_00, "货款"},
	{"宁德市澄杉检测有限公司", 26_00, "证书工本费"},
	{"成都市汐远科技有限公司", 1_00, "测试"},
}

// noise books what else happens on an account.
func (w *world) noise() {
	s := strangers[w.fetches%len(strangers)]
	w.till.pay(w.Clock.Now().Add(-20*time.Minute), s.from, s.amount, s.remark)
}

func statementName(at time.Time) string {
	return "招商银行-账户交易明细-" + at.In(calendar.Beijing).Format("20060102-1504") + ".xlsx"
}

// leave writes what the bank has booked since the last import for finance to import in the running demo.
func (w *world) leave() error {
	w.noise()
	raw, err := w.till.statement()
	if err != nil || raw == nil {
		return err
	}
	if err := os.MkdirAll(w.Statements, 0o755); err != nil { //nolint:gosec // to be found by whoever tries the demo
		return err
	}
	return os.WriteFile(filepath.Join(w.Statements, statementName(w.Clock.Now())), raw, 0o644) //nolint:gosec // likewise
}
