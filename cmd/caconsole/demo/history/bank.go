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

// Account is a bank account that applicants pay into. Bank is one of bank.Layouts.
type Account struct{ Name, Number, Bank, Branch string }

// till is an account with what has been booked on it and not yet been fetched from the bank.
type till struct {
	account Account
	layout  bank.Layout
	turn    int // number of the till; decides what varies
	balance int64
	fetched int64 // balance at the end of the last statement
	booked  int
	lines   []bank.Line
}

// openTills opens an account at each bank.
func openTills(accounts []Account) ([]*till, error) {
	tills := make([]*till, 0, len(accounts))
	for i, a := range accounts {
		layout, err := bank.Of(a.Bank)
		if err != nil {
			return nil, err
		}
		opening := int64(1_234_567_89 / (i + 1))
		tills = append(tills, &till{account: a, layout: layout, turn: i, balance: opening, fetched: opening})
	}
	return tills, nil
}

// till is the account a story is paid into: the one payers are told, or one that a customer has had on file for years.
func (s *story) till() *till {
	if s.turn%3 > 0 {
		return s.w.tills[0]
	}
	return s.w.tills[s.turn/3%len(s.w.tills)]
}

// pay books a credit, or with a negative amount a debit, and returns the booking.
func (t *till) pay(at time.Time, from string, amount money.Fen, remark string) bank.Line {
	return t.book(at, foreign{from, amount, remark, bank.Transfer})
}

func (t *till) book(at time.Time, f foreign) bank.Line {
	t.booked++
	t.balance += int64(f.amount)
	l := bank.Line{
		At: at, Fen: int64(f.amount), Kind: f.kind, Party: f.from, Remark: f.remark,
		Serial: fmt.Sprintf("C%s%05d", at.In(calendar.Beijing).Format("060102"), t.booked),
	}
	if f.from != "" {
		l.PartyAccount = fmt.Sprintf("4000%015d", 23_092_001_000+(t.turn*10_000+t.booked)*7919)
		l.PartyBank = "中国工商银行深圳福田支行"
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
	raw, err := t.layout.Write(bank.Account{Name: t.account.Name, Number: t.account.Number}, t.fetched, t.lines)
	t.fetched, t.lines = t.balance, nil
	return raw, err
}

// name is how the net bank calls a file exported at a moment.
func (t *till) name(at time.Time) string {
	return t.layout.Name + "-账户交易明细-" + at.In(calendar.Beijing).Format("20060102-1504") + t.layout.Ext
}

// fetch is finance importing and committing the statements of all accounts that moved.
func (w *world) fetch(ctx context.Context) error {
	at := w.Clock.Now().Add(-20 * time.Minute)
	w.tills[0].book(at, foreigners[w.fetches%len(foreigners)])
	clerk := w.who("finance", w.fetches)
	w.fetches++
	for _, t := range w.tills {
		raw, err := t.statement()
		if err != nil {
			return err
		}
		if raw == nil {
			continue
		}
		batch, err := w.flow.ImportStatement(ctx, clerk, t.name(w.Clock.Now()), raw)
		if err != nil {
			return err
		}
		if _, err = w.flow.CommitStatement(ctx, clerk, batch.ID); err != nil {
			return err
		}
	}
	return nil
}

// foreign is a booking that is no order's money, or only a person can tell whose. The bank itself has no name.
type foreign struct {
	from   string
	amount money.Fen
	remark string
	kind   bank.Kind
}

var foreigners = []foreign{
	{"深圳市沐恒财务代理有限公司", 260_00, "代付证书费", bank.Transfer},
	{"", -15_00, "网上企业银行服务费", bank.Fee},
	{"刘国强", 260_00, "续期", bank.Transfer},
	{"惠州市青屿建设集团有限公司", 1100_00, "集团代子公司缴费", bank.Transfer},
	{"广州市栎川商贸有限公司", 88_00, "退款重汇", bank.Transfer},
	{"", -12_00, "转账手续费", bank.Fee},
	{"（样例）支付服务有限公司", 500_00, "备付金结算", bank.Transfer},
	{"", 31_46, "活期存款利息", bank.Interest},
	{"大连市海澜工程有限公司", 720_00, "服务费", bank.Transfer},
	{"陈丽", 500_00, "公司证书两年", bank.Transfer},
	{"阳江市北礁供应链有限公司", 240_00, "收款人户名不符", bank.Return},
	{"福州市鼎岚贸易有限公司", 920_00, "货款", bank.Transfer},
	{"宁德市澄杉检测有限公司", 26_00, "证书工本费", bank.Transfer},
	{"成都市汐远科技有限公司", 1_00, "测试", bank.Transfer},
}

// day books what happens on any account besides the customers: some foreign money, a fee, interest, and on every
// other one a booking that the bank takes back.
func (t *till) day(end time.Time) {
	for i := range 2 {
		t.book(end.Add(time.Duration(i-6)*5*time.Minute), foreigners[(t.turn*2+i)%len(foreigners)])
	}
	t.book(end.Add(-9*time.Minute), foreign{"", money.Fen(-5_00 - 50*t.turn), "转账手续费", bank.Fee})
	t.book(end.Add(-8*time.Minute), foreign{"", money.Fen(3_21 + 17*t.turn), "四季度存款利息", bank.Interest})
	if t.turn%2 == 1 {
		wrong := foreign{"珠海市澜石物业管理有限公司", 1_860_00, "物业费", bank.Transfer}
		t.book(end.Add(-7*time.Minute), wrong)
		wrong.amount, wrong.remark, wrong.kind = -wrong.amount, "记账更正", bank.Reversal
		t.book(end.Add(-6*time.Minute), wrong)
	}
}

// leave writes what the banks have booked since the last import for finance to import in the running demo, a file each.
func (w *world) leave() error {
	if err := os.MkdirAll(w.Statements, 0o755); err != nil { //nolint:gosec // to be found by whoever tries the demo
		return err
	}
	for _, t := range w.tills {
		t.day(w.Clock.Now())
		raw, err := t.statement()
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(w.Statements, t.name(w.Clock.Now())), raw, 0o644); err != nil { //nolint:gosec // likewise
			return err
		}
	}
	return nil
}
