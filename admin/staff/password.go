package staff

import (
	"context"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"caconsole/admin/fault"
	"caconsole/admin/seal"
)

// hashSlots bounds how many passwords are worked on at once: each takes 64 MiB.
const hashSlots = 3

// totpPeriod is the length of a time step of the one-time codes, in seconds.
const totpPeriod = 30

var defaultCost = argon2id.Params{Memory: 64 * 1024, Iterations: 1, Parallelism: 2, SaltLength: 16, KeyLength: 32}

// passwords hashes and compares, a few at a time.
type passwords struct {
	cost  *argon2id.Params
	slots chan struct{}
	// decoy is compared against when there is no account, so that the time of an answer does not tell.
	decoy func() (string, error)
}

func newPasswords(cost *argon2id.Params) *passwords {
	if cost == nil {
		cost = &defaultCost
	}
	p := &passwords{cost: cost, slots: make(chan struct{}, hashSlots)}
	p.decoy = sync.OnceValues(func() (string, error) { return argon2id.CreateHash(uuid.NewString(), cost) })
	return p
}

// slot waits for a free place. Error: Unavailable "login_busy".
func (p *passwords) slot(ctx context.Context) (release func(), err error) {
	select {
	case p.slots <- struct{}{}:
		return func() { <-p.slots }, nil
	case <-ctx.Done():
		return nil, fault.Down("login_busy", 5*time.Second, ctx.Err())
	}
}

func (p *passwords) hash(ctx context.Context, password seal.Secret) (string, error) {
	release, err := p.slot(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	h, err := argon2id.CreateHash(password.Reveal(), p.cost)
	return h, fault.Wrap("password_hash_failed", err)
}

// matches compares a password with a stored hash; "" stands for an account that does not exist.
func (p *passwords) matches(ctx context.Context, password seal.Secret, hash string) (bool, error) {
	release, err := p.slot(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	known := hash != ""
	if !known {
		if hash, err = p.decoy(); err != nil {
			return false, fault.Wrap("password_hash_failed", err)
		}
	}
	ok, err := argon2id.ComparePasswordAndHash(password.Reveal(), hash)
	if err != nil {
		return false, fault.Wrap("password_hash_failed", err)
	}
	return ok && known, nil
}

// credential makes what a new account proves itself with.
func (s *Accounts) credential(ctx context.Context, id uuid.UUID, password seal.Secret) (credentialRow, seal.Secret, error) {
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return credentialRow{}, "", err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "caconsole", AccountName: id.String(), Period: totpPeriod})
	if err != nil {
		return credentialRow{}, "", fault.Wrap("random_unavailable", err)
	}
	sealed, err := s.ring.Seal(totpField, id, key.Secret())
	if err != nil {
		return credentialRow{}, "", err
	}
	return credentialRow{StaffID: id, PasswordHash: hash, TOTPSealed: sealed, ChangedAt: s.now()}, seal.Secret(key.Secret()), nil
}

// step returns the time step a code belongs to, this one or a neighbour (a telephone's clock is never exact), or
// false. Whether the step was used before is asked of the database.
func step(secret seal.Secret, code string, now time.Time) (int64, bool) {
	for _, d := range []int64{0, -1, 1} {
		at := now.Add(time.Duration(d*totpPeriod) * time.Second)
		ok, err := totp.ValidateCustom(code, secret.Reveal(), at, totp.ValidateOpts{
			Period: totpPeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
		})
		if err == nil && ok {
			return at.Unix() / totpPeriod, true
		}
	}
	return 0, false
}

// Code returns the one-time code of a secret at a time: what a telephone would show. Demonstrations and tests log in
// with it.
func Code(secret seal.Secret, at time.Time) (string, error) {
	code, err := totp.GenerateCode(secret.Reveal(), at)
	return code, fault.Wrap("totp_secret_malformed", err)
}
