package staff

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
)

// How long a session lives.
const (
	idle     = 30 * time.Minute // without a request
	Lifetime = 12 * time.Hour   // at all
	// seenEvery is how exact the time of the last request is kept: one write a minute, not one a request.
	seenEvery = time.Minute
)

// How many attempts are let through.
const (
	attempts        = 10 // per login name; a right answer forgives the wrong ones before it
	addressAttempts = 60 // per address: an office comes from one
	attemptsPer     = 10 * time.Minute
)

// LoginInput is what the log-in page sends.
type LoginInput struct {
	Login     string
	Password  seal.Secret
	Code      seal.Secret // six digits
	IP        string
	UserAgent string
	RequestID string
	Replaces  string // token of the session this login takes the place of, "" without one
}

// Session is one logged-in browser.
type Session struct {
	ID        uuid.UUID
	StartedAt time.Time
	ExpiresAt time.Time
}

// Why a login was refused: for the audit log only. The person is told the one sentence, so that nobody learns which
// half was right.
const (
	whyUnknown   = "unknown_login"
	whyPassword  = "password"
	whyCode      = "code"
	whyReplay    = "code_used"
	whySuspended = "suspended"
	whyThrottled = "throttled"
)

// Login checks password and one-time code and starts a session. It returns the token for the browser, which is stored
// nowhere else, and the member with the login before this one.
// Errors: Unauthenticated "login_refused" whatever was wrong; Limited "login_refused" with a time; Unavailable
// "login_busy".
func (s *Accounts) Login(ctx context.Context, in LoginInput) (string, Member, error) {
	in.Login = strings.ToLower(strings.TrimSpace(in.Login))
	if err := s.limit(ctx, in); err != nil {
		return "", Member{}, err
	}
	m, cred, err := loadCredential(s.db.Read(ctx), in.Login)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return "", Member{}, err
	}
	right, err := s.passwords.matches(ctx, in.Password, cred.PasswordHash)
	if err != nil {
		return "", Member{}, err
	}
	why := ""
	switch {
	case cred.PasswordHash == "":
		why = whyUnknown
	case !right:
		why = whyPassword
	case m.State != Active:
		why = whySuspended
	}
	if why != "" {
		return "", Member{}, s.refuse(ctx, in, m, why)
	}
	used, err := s.checkCode(in, cred)
	if err != nil {
		return "", Member{}, err
	}
	if used == 0 {
		return "", Member{}, s.refuse(ctx, in, m, whyCode)
	}
	token, err := s.start(ctx, in, m, used)
	if errors.Is(err, errReplay) {
		return "", Member{}, s.refuse(ctx, in, m, whyReplay)
	}
	if err != nil {
		return "", Member{}, err
	}
	return token, m, s.limiter.Reset(ctx, loginBucket(in.Login))
}

func loginBucket(login string) string { return "staff:login:" + login }

// limit counts the attempt against the login name and the address.
func (s *Accounts) limit(ctx context.Context, in LoginInput) error {
	bucket := "staff:ip:" + in.IP
	err := s.limiter.Take(ctx, bucket, addressAttempts, attemptsPer)
	if err == nil {
		bucket = loginBucket(in.Login)
		err = s.limiter.Take(ctx, bucket, attempts, attemptsPer)
	}
	if !fault.Is(err, fault.Limited) {
		return err
	}
	limited := &fault.Error{Kind: fault.Limited, Key: "login_refused", RetryAfter: fault.Of(err).RetryAfter}
	// That somebody was turned away is written down once a bucket and period: the log is not for the attacker to fill.
	switch err := s.limiter.Take(ctx, "noted:"+bucket, 1, attemptsPer); {
	case fault.Is(err, fault.Limited):
		return limited
	case err != nil:
		return err
	}
	if e := s.refuse(ctx, in, Member{}, whyThrottled); !fault.Is(e, fault.Unauthenticated) {
		return e
	}
	return limited
}

// refuse writes the failed attempt to the audit log in a transaction of its own. A login name that does not exist is
// not written down: people type their password there.
func (s *Accounts) refuse(ctx context.Context, in LoginInput, m Member, why string) error {
	who := actor.Actor{Kind: actor.Staff, ID: m.ID, Name: m.Login, IP: in.IP, RequestID: in.RequestID}
	if who.Name == "" {
		who.Name = "unknown"
	}
	if err := s.audit.Refused(ctx, who, audit.Entry{Action: "staff.login", Object: object(who.Name), Reason: why}); err != nil {
		return err
	}
	return fault.New(fault.Unauthenticated, "login_refused", nil)
}

// checkCode returns the time step of a right code, 0 for a wrong one.
func (s *Accounts) checkCode(in LoginInput, cred credentialRow) (int64, error) {
	secret, err := s.ring.Open(totpField, cred.StaffID, cred.TOTPSealed)
	if err != nil {
		return 0, err
	}
	at, ok := step(seal.Secret(secret), strings.ReplaceAll(in.Code.Reveal(), " ", ""), s.now())
	if !ok {
		return 0, nil
	}
	return at, nil
}

// errReplay tells that the code was used before, or a later one was.
var errReplay = errors.New("staff: one-time code used before")

// start spends the code and stores the session, in one transaction.
func (s *Accounts) start(ctx context.Context, in LoginInput, m Member, used int64) (string, error) {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails (Go 1.24)
	token := base64.RawURLEncoding.EncodeToString(raw[:])
	id, err := uuid.NewV7()
	if err != nil {
		return "", fault.Wrap("random_unavailable", err)
	}
	now := s.now()
	who := actor.Actor{Kind: actor.Staff, ID: m.ID, Name: m.Login, SessionID: id, IP: in.IP, RequestID: in.RequestID}
	err = s.db.InTx(ctx, func(ctx context.Context, tx pg.Tx) error {
		if err := spendStep(tx, m.ID, used); err != nil {
			return err
		}
		if in.Replaces != "" {
			if err := s.end(ctx, tx, who, in.Replaces, "rotated"); err != nil {
				return err
			}
		}
		if err := insertSession(tx, sessionRow{
			ID: id, TokenHash: seal.Digest([]byte(token)), StaffID: m.ID, IP: in.IP, UserAgent: in.UserAgent,
			CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(Lifetime),
		}); err != nil {
			return err
		}
		if err := noteLogin(tx, m.ID, in.IP, now); err != nil {
			return err
		}
		return audit.Append(ctx, tx, who, now, audit.Entry{Action: "staff.login", Object: object(m.Login)})
	})
	return token, err
}
