package keys

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
	"caconsole/issuance/staffkey"
	"caconsole/rbac"
	"caconsole/ui/page"
)

// Mine is the page of a person's own keys.
type Mine struct {
	Rows     []MyKey
	Empty    page.Empty
	Officers int
	Ukey     bool   // keys can be asked for
	NoPass   string // why there are no passkeys, a sentence; "" where there are
	Shift    *Shift // nil for those who decide on nothing
}

// MyKey is one key.
type MyKey struct {
	Kind     string
	ID       string
	Status   page.Status
	Why      string // of a refusal
	From     time.Time
	Until    time.Time
	Withdraw string // URL; "" where there is nothing to withdraw
}

// Shift is what a reviewer can delegate for a shift.
type Shift struct {
	Until   time.Time // zero where nothing is delegated
	Allowed bool      // the signer counts passkeys
	Ready   bool      // and the person has one
}

func (d Deps) mine(c *page.Ctx) error {
	p, err := d.minePage(c)
	if err != nil {
		return err
	}
	return c.Render("keys/mine", p)
}

func (d Deps) minePage(c *page.Ctx) (Mine, error) {
	m, err := d.Flow.MyKeys(c.Context(), c.Actor())
	if err != nil {
		return Mine{}, err
	}
	p := Mine{Officers: m.Officers, Ukey: !m.Unknown, Empty: page.Empty{Title: c.T("staffkeys.none", nil), Text: c.T("staffkeys.none.text", nil)}}
	for _, r := range m.Requests {
		p.Rows = append(p.Rows, asked(c, r))
	}
	passkeys := 0
	for _, k := range m.Keys {
		row := mine(c, k)
		if k.Kind == cert.KindWebAuthn && row.Status.Tone == page.OK {
			passkeys++
		}
		p.Rows = append(p.Rows, row)
	}
	for _, r := range m.Revoked {
		row := asked(c, r)
		row.Status = page.Status{Tone: page.Closed, Word: c.T("staffkeys.state.revoked", nil)}
		p.Rows = append(p.Rows, row)
	}
	allowed := !m.Rules.SM2Only && m.Rules.Party.ID != ""
	switch {
	case m.Unknown:
		p.NoPass = c.T("signer_unknown", nil)
	case m.Rules.SM2Only:
		p.NoPass = c.T("staffkeys.passkey.sm2_only", nil)
	case !allowed:
		p.NoPass = c.T("staffkeys.passkey.no_party", nil)
	}
	if c.Actor().Can(rbac.CaseDecide) {
		p.Shift = &Shift{Allowed: allowed, Ready: passkeys > 0}
		if m.Shift != nil {
			p.Shift.Until = m.Shift.ExpiresAt
		}
	}
	return p, nil
}

// mine is a key of the registry.
func mine(c *page.Ctx, k cert.StaffKey) MyKey {
	row := MyKey{Kind: kind(c, k.Kind, k.Storage), ID: k.ID(), From: k.From(), Until: k.Until()}
	switch now := c.Now(); {
	case k.Holds(now):
		row.Status = page.Status{Tone: page.OK, Word: c.T("staffkeys.state.valid", nil)}
	case now.Before(row.From):
		row.Status = page.Status{Tone: page.NotYet, Word: c.T("staffkeys.state.later", nil)}
	default:
		row.Status = page.Status{Tone: page.Closed, Word: c.T("staffkeys.state.expired", nil)}
	}
	return row
}

// requestTones are the glyphs of a request's states.
var requestTones = map[string]string{staffkey.Open: page.Progress, staffkey.Refused: page.Bad, staffkey.Withdrawn: page.Closed, staffkey.Enrolled: page.OK}

func asked(c *page.Ctx, r staffkey.Request) MyKey {
	row := MyKey{
		Kind: kind(c, r.Kind, r.Storage()), ID: r.KeyID(), Why: r.Reason, From: r.CreatedAt, Until: r.EndedAt,
		Status: page.Status{Tone: requestTones[r.State], Word: c.T("staffkeys.state."+r.State, nil)},
	}
	if r.State == staffkey.Open {
		row.Withdraw = "/my-keys/" + r.ID.String() + "/withdraw"
	}
	return row
}

// again shows the page with why nothing was done.
func (d Deps) again(c *page.Ctx, refused error) error {
	p, err := d.minePage(c)
	if err != nil {
		return refused
	}
	return c.Refuse(refused, "keys/mine", p)
}

// challenge answers what a key is shown by: the message of a Ukey, or the options of a passkey.
func (d Deps) challenge(c *page.Ctx) error {
	ch, err := d.Flow.AskKey(c.Context(), c.Actor(), c.Form("kind"))
	if err != nil {
		return err
	}
	return c.JSON(struct {
		ID      uuid.UUID       `json:"id"`
		Message []byte          `json:"message,omitempty"`
		Options json.RawMessage `json:"options,omitempty"`
	}{ch.ID, ch.Message, ch.Options})
}

// shown is the form with which a key is shown. What the page's script adds is empty without it.
type shown struct {
	Challenge string `form:"challenge"`
	Login     string `form:"login"`
	Key       string `form:"key"`
	Signature string `form:"signature"`
	Answer    string `form:"answer"`
}

// read parses it. Without an answer to a challenge the person is told why none could be had.
func (d Deps) read(c *page.Ctx, kind string) (in shown, challenge uuid.UUID, err error) {
	if err = c.Bind(&in); err != nil {
		return in, challenge, err
	}
	if in.Challenge == "" {
		if _, err = d.Flow.AskKey(c.Context(), c.Actor(), kind); err == nil {
			err = fault.New(fault.Invalid, "key_not_shown", nil)
		}
		return in, challenge, err
	}
	if challenge, err = uuid.Parse(in.Challenge); err != nil {
		err = fault.New(fault.Conflict, "key_challenge_used", nil)
	}
	return in, challenge, err
}

func (d Deps) ukey(c *page.Ctx) error {
	in, challenge, err := d.read(c, cert.KindSM2)
	if err == nil {
		err = d.enrolUkey(c, in, challenge)
	}
	if err != nil {
		return d.again(c, err)
	}
	return c.Redirect("/my-keys", "staffkeys.asked")
}

func (d Deps) enrolUkey(c *page.Ctx, in shown, challenge uuid.UUID) error {
	key, err := decode(in.Key)
	if err != nil {
		return err
	}
	signature, err := decode(in.Signature)
	if err != nil {
		return err
	}
	return d.Flow.EnrolUkey(c.Context(), c.Actor(), challenge, in.Login, key, signature)
}

func (d Deps) passkey(c *page.Ctx) error {
	in, challenge, err := d.read(c, cert.KindWebAuthn)
	if err == nil {
		err = d.Flow.EnrolPasskey(c.Context(), c.Actor(), challenge, []byte(in.Answer))
	}
	if err != nil {
		return d.again(c, err)
	}
	return c.Redirect("/my-keys", "staffkeys.asked")
}

func (d Deps) withdraw(c *page.Ctx) error {
	request, err := id(c)
	if err == nil {
		err = d.Flow.WithdrawKey(c.Context(), c.Actor(), request)
	}
	if err != nil {
		return d.again(c, err)
	}
	return c.Redirect("/my-keys", "staffkeys.withdrawn")
}
