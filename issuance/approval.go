package issuance

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance/cert"
)

// ToSign is what a person is asked to sign: one message over everything they approve together.
type ToSign struct {
	Duty    string
	At      time.Time // stands in the message; whole seconds
	Digests []string  // hex, of all that is approved
	Message []byte    // see cert.ApprovalMessage
}

// ToSign makes the message of an approval given now.
func (s *Service) ToSign(duty string, digests ...cert.Digest) ToSign {
	at, list := s.now().UTC().Truncate(time.Second), hexOf(digests)
	return ToSign{Duty: duty, At: at, Digests: list, Message: cert.ApprovalMessage(duty, at, list)}
}

// hexOf is a list of digests as it is signed: sorted, each once.
func hexOf(digests []cert.Digest) []string {
	out := make([]string, 0, len(digests))
	for _, d := range digests {
		out = append(out, d.Hex())
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Signature is how a person signed what ToSign said. It comes as JSON in the field of a form.
type Signature struct {
	At         time.Time       `json:"at"`
	Kind       string          `json:"kind"` // cert.KindSM2, KindWebAuthn or KindDelegated
	Signature  []byte          `json:"signature"`
	WebAuthn   *cert.Assertion `json:"webauthn,omitempty"`   // of a passkey
	Delegation string          `json:"delegation,omitempty"` // id of the delegation that the browser's key acts by
}

// maxSignature bounds a signature's JSON, in bytes.
const maxSignature = 16 << 10

// ParseSignature reads the field of a form. Fails with Invalid "signature_missing" or "signature_unreadable".
func ParseSignature(field string) (Signature, error) {
	var s Signature
	if field == "" {
		return s, fault.New(fault.Invalid, "signature_missing", nil)
	}
	if len(field) > maxSignature {
		return s, fault.New(fault.Invalid, "signature_unreadable", nil)
	}
	if err := json.Unmarshal([]byte(field), &s); err != nil {
		return Signature{}, &fault.Error{Kind: fault.Invalid, Key: "signature_unreadable", Cause: err}
	}
	return s, nil
}

// Approval is one signature of a member of staff that the signer will accept, for AddApproval or KeepApproval.
type Approval struct {
	ID uuid.UUID // one per signature, the same for each object it is added to
	cert.Approval
}

// Approval checks a signature over digests by the registry the console last heard of, and makes the approval of it. So
// nothing is stored that the signer would refuse; it is the signer's check that counts. Fails with Invalid
// "signature_missing", Conflict "signature_old", Forbidden as cert.Trust.Approver does, Unavailable "signer_unknown".
func (s *Service) Approval(ctx context.Context, q pg.Q, a actor.Actor, duty string, digests []cert.Digest, sig Signature) (Approval, error) {
	if len(sig.Signature) == 0 || len(digests) == 0 {
		return Approval{}, fault.New(fault.Invalid, "signature_missing", nil)
	}
	at := sig.At.UTC().Truncate(time.Second)
	if age := s.now().Sub(at); age > cert.Skew || age < -cert.Skew {
		return Approval{}, fault.New(fault.Conflict, "signature_old", nil)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Approval{}, fault.Wrap("random_unavailable", err)
	}
	out := Approval{ID: id, Approval: cert.Approval{
		Kind: sig.Kind, Duty: duty, StaffID: a.ID.String(), At: at, Digests: hexOf(digests), Signature: sig.Signature, WebAuthn: sig.WebAuthn,
	}}
	if sig.Kind == cert.KindDelegated {
		d, err := s.Delegation(ctx, q, a, sig.Delegation)
		if err != nil {
			return Approval{}, err
		}
		out.Delegation = &d
	}
	trust, err := s.Trust(ctx, q)
	if err != nil {
		return Approval{}, err
	}
	_, err = trust.Approver(out.Approval, digests[0])
	return out, err
}
