package flow

import (
	"context"
	"encoding/hex"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/applicant"
	"caconsole/admin/notify"
	"caconsole/admin/pg"
)

// How often a login code may be asked for, a phone and an address. Whole companies stand behind one address.
const (
	codesPerPhone   = 5
	codesPerAddress = 300
	codesPer        = 10 * time.Minute
)

// RequestLoginCode sends a login code to a phone and returns how long it lives. It tells nobody whether the phone has
// an account. Faults: invalid_field (phone: phone_wrong), too_many_attempts.
func (f *Flow) RequestLoginCode(ctx context.Context, a actor.Actor, typed string) (time.Duration, error) {
	phone, err := applicant.ReadPhone(typed)
	if err != nil {
		return 0, err
	}
	if err := f.Throttle.Take(ctx, "login_code:phone:"+f.phoneKey(phone), codesPerPhone, codesPer); err != nil {
		return 0, err
	}
	if err := f.Throttle.Take(ctx, "login_code:ip:"+a.IP, codesPerAddress, codesPer); err != nil {
		return 0, err
	}
	var ttl time.Duration
	err = f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		now := f.Now()
		if ttl, err = f.Projects.LoginCodeTTL(ctx, tx, now); err != nil {
			return err
		}
		code, err := f.Applicants.IssueCode(ctx, tx, phone, now, ttl)
		if err != nil {
			return err
		}
		return f.Messages.Queue(ctx, tx, notify.LoginCode(phone, code, ttl))
	})
	return ttl, err
}

// phoneKey names a phone in a rate limit's bucket without telling it.
func (f *Flow) phoneKey(phone string) string {
	return hex.EncodeToString(f.Applicants.PhoneIndex(phone))
}
