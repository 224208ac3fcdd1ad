package page

import (
	"context"

	"caconsole/admin/actor"
	"caconsole/issuance"
	"caconsole/issuance/cert"
)

// Acts that must be signed are plain forms. The button of one names in data-sign where its form is posted first: that
// answers, as JSON, with the message to sign. Whoever holds the key (the page's script, or any other client) signs it,
// puts the signature into the field "approval" and posts the form to where it goes.

// signatureField is the form's field with the signature, JSON as issuance.Signature has it.
const signatureField = "approval"

// Signature reads the signature of a form. Fails with Invalid "signature_missing" or "signature_unreadable".
func (c *Ctx) Signature() (issuance.Signature, error) {
	return issuance.ParseSignature(c.Form(signatureField))
}

// toSign is the answer to a form that asks what to sign.
type toSign struct {
	Duty       string   `json:"duty"`
	At         string   `json:"at"` // RFC 3339, UTC, whole seconds; goes back with the signature
	Digests    []string `json:"digests"`
	Message    []byte   `json:"message"`
	Login      string   `json:"login"`      // whose Ukey the agent is asked for
	Ukey       bool     `json:"ukey"`       // a Ukey of theirs counts
	Passkeys   [][]byte `json:"passkeys"`   // credential ids of theirs that count
	RPID       string   `json:"rp_id"`      // host for which passkeys sign
	Delegation string   `json:"delegation"` // id of a delegation that may sign this, "" without one
}

// KeysOf tells by which keys of theirs a person can sign for a duty.
type KeysOf func(ctx context.Context, a actor.Actor, duty string) (issuance.SigningKeys, error)

// JSON answers the page's own script, or another client, with a value.
func (c *Ctx) JSON(v any) error { return c.f.JSON(v) }

// ToSign answers with what is to be signed, and by which keys of the reader's it can be.
func (c *Ctx) ToSign(t issuance.ToSign) error {
	var keys issuance.SigningKeys
	if of := c.router.deps.SigningKeys; of != nil {
		var err error
		if keys, err = of(c.Context(), c.Actor(), t.Duty); err != nil {
			return err
		}
	}
	return c.f.JSON(toSign{
		Duty: t.Duty, At: cert.FormatTime(t.At), Digests: t.Digests, Message: t.Message,
		Login: c.identity.Actor.Name, Ukey: keys.Ukey, Passkeys: append([][]byte{}, keys.Passkeys...), RPID: keys.RPID, Delegation: keys.Delegation,
	})
}
