package reconcile

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/seal"
	"caconsole/reconcile/format"
)

// keyed is a line with its identity: key and occurrence.
type keyed struct {
	format.Line
	key        lineKey
	occurrence int
}

// lineKey is a blind index: the fields behind it are partly sealed in their own columns.
type lineKey [16]byte

// identify gives every line of a file its key, over everything the bank says of it, and counts equal ones. The bank's
// serial alone will not do: some banks give one serial to a payment and its fee.
func identify(ring *seal.Ring, account string, lines []format.Line) ([]keyed, error) {
	seen := map[lineKey]int{}
	out := make([]keyed, 0, len(lines))
	for _, l := range lines {
		balance := ""
		if l.Balance != nil {
			balance = l.Balance.String()
		}
		raw, err := json.Marshal([]string{
			account, l.BookedAt, string(l.Direction), l.Amount.String(), balance, seal.NormCompany(l.PayerName),
			l.PayerAccount, l.Text, l.BankSerial,
		})
		if err != nil {
			return nil, fault.Wrap("line_key", err)
		}
		key := lineKey(ring.Index("bank_line.line_key", string(raw)))
		seen[key]++
		out = append(out, keyed{Line: l, key: key, occurrence: seen[key]})
	}
	return out, nil
}

// newLine makes the row of a line. The payer's name is kept in clear for a company and sealed for a person.
func newLine(ring *seal.Ring, b Batch, l keyed, now time.Time) (lineRow, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return lineRow{}, fault.Wrap("line_id", err)
	}
	r := lineRow{
		ID: id, AccountID: b.Account.ID, BatchID: b.ID, RowNo: l.Row, Direction: l.Direction, AmountFen: l.Amount,
		BalanceFen: l.Balance, Kind: l.Kind, PayerName: l.PayerName, PayerNorm: seal.NormCompany(l.PayerName),
		PayerAccountMask: seal.MaskAccount(l.PayerAccount), PayerBank: l.PayerBank, Text: l.Text, BankSerial: l.BankSerial,
		LineKey: l.key[:], Occurrence: l.occurrence, State: stateOf(l.Line), CreatedAt: now,
	}
	if r.BookedOn, r.BookedAt, err = bookedAt(l.BookedAt); err != nil {
		return lineRow{}, err
	}
	if l.PayerAccount != "" {
		r.PayerAccountIndex = ring.Index("bank_line.payer_account", l.PayerAccount)
		if r.PayerAccountSealed, err = ring.Seal("bank_line.payer_account", id, l.PayerAccount); err != nil {
			return lineRow{}, err
		}
	}
	if seal.PersonName(l.PayerName) {
		r.PayerName, r.PayerNorm = seal.MaskName(l.PayerName), ""
		if r.PayerNameSealed, err = ring.Seal("bank_line.payer_name", id, l.PayerName); err != nil {
			return lineRow{}, err
		}
	}
	return r, nil
}

// bookedAt splits the reader's stamp into the booking day and, where there is one, the moment.
func bookedAt(s string) (on time.Time, at *time.Time, err error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		utc := t.UTC()
		return day(t), &utc, nil
	}
	on, err = time.ParseInLocation(time.DateOnly, s, beijing)
	return on, nil, fault.Wrap("line_date", err)
}

// day is the Beijing day of a moment.
func day(at time.Time) time.Time { return date(at.In(beijing)) }

// date makes a database date the Beijing midnight it means.
func date(d time.Time) time.Time {
	return time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, beijing)
}

// sums adds up a file's lines by direction.
func sums(lines []format.Line) (in, out money.Fen) {
	for _, l := range lines {
		if l.Direction == format.In {
			in += l.Amount
		} else {
			out += l.Amount
		}
	}
	return in, out
}
