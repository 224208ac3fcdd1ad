package flow

import (
	"context"
	"time"

	"caconsole/admin/actor"
	"caconsole/admin/applicant"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
)

// How often a code may be tried, a phone and an address; a single code has five tries of its own.
const (
	loginsPerPhone   = 15
	loginsPerAddress = 600
	loginsPer        = 10 * time.Minute
)

// LogIn exchanges the code sent to a phone for a session. Faults: login_code_wrong (wrong, used, replaced or too
// old: which of them is not told), too_many_attempts.
func (f *Flow) LogIn(ctx context.Context, a actor.Actor, typed, code string) (applicant.Session, error) {
	phone, err := applicant.ReadPhone(typed)
	if err != nil {
		return applicant.Session{}, err
	}
	if err := f.Throttle.Take(ctx, "login:phone:"+f.phoneKey(phone), loginsPerPhone, loginsPer); err != nil {
		return applicant.Session{}, err
	}
	if err := f.Throttle.Take(ctx, "login:ip:"+a.IP, loginsPerAddress, loginsPer); err != nil {
		return applicant.Session{}, err
	}
	var session applicant.Session
	var right bool
	err = f.DB.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		now := f.Now()
		// A wrong guess commits too, or it would cost nothing.
		if right, err = f.Applicants.TakeCode(ctx, tx, phone, code, now); err != nil || !right {
			return err
		}
		if session, err = f.Applicants.SignIn(ctx, tx, phone, now); err != nil {
			return err
		}
		who := actor.Actor{Kind: actor.Applicant, ID: session.ApplicantID, Name: "applicant", IP: a.IP, RequestID: a.RequestID}
		return audit.Append(ctx, tx, who, now, audit.Entry{Action: "applicant.login", Object: "applicant:" + session.ApplicantID.String()})
	})
	if err == nil && !right {
		err = f.refuseLogin(ctx, a, phone)
	}
	return session, err
}

func (f *Flow) refuseLogin(ctx context.Context, a actor.Actor, phone string) error {
	a.Kind = actor.Applicant
	entry := audit.Entry{Action: "applicant.login", Object: "phone:" + f.phoneKey(phone), Reason: "login_code_wrong"}
	if err := f.Audit.Refused(ctx, a, entry); err != nil {
		return err
	}
	return refuseField(fault.Invalid, "code", "login_code_wrong", nil)
}

// ResumeApplicant says who holds a bearer token; fault login_required.
func (f *Flow) ResumeApplicant(ctx context.Context, token string) (actor.Actor, error) {
	return f.Applicants.Resume(ctx, f.DB.Read(ctx), token, f.Now())
}

// refuseField is a refusal with a key of its own that lies in one field of the request.
func refuseField(kind fault.Kind, field, key string, args fault.Args) error {
	return &fault.Error{Kind: kind, Key: key, Args: args, Fields: []fault.Field{{Name: field, Key: key, Args: args}}}
}
