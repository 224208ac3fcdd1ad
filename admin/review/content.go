package review

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/gowebpki/jcs"

	"caconsole/admin/fault"
	"caconsole/admin/seal"
)

// Content is all that a reviewer's approval binds: what was asked for, the papers by digest, the identity result and
// the consents. Payment is not part of it: a changed match shuts the payment gate and leaves the approval standing.
type Content struct {
	Order     string    `json:"order"`
	Version   int       `json:"version"`
	Holder    string    `json:"holder"`
	OrgKind   string    `json:"org_kind"`
	OrgNumber string    `json:"org_number"`
	OldPair   string    `json:"old_pair"`
	Serial    string    `json:"serial"`
	Years     int       `json:"years"`
	Form      string    `json:"form"` // digest of the confirmed fields, hex
	Papers    []Paper   `json:"papers"`
	Identity  Identity  `json:"identity"`
	Telecom   string    `json:"telecom"`
	Consents  []Consent `json:"consents"`
	Manual    string    `json:"manual,omitempty"` // digest of what an order opened by hand rests on, hex
}

// Paper is one document by digest.
type Paper struct {
	Kind string `json:"kind"`
	SM3  string `json:"sm3"` // hex
}

// Identity is the result of the agent's identification.
type Identity struct {
	Attempt string `json:"attempt"`
	State   string `json:"state"`
	Score   string `json:"score"`
}

// Consent is one agreement by version.
type Consent struct {
	Code    string `json:"code"`
	Version int    `json:"version"`
}

// Digest is the SM3 over the canonical JSON (RFC 8785) of the content with its lists sorted, 32 bytes.
func (c Content) Digest() ([]byte, error) {
	slices.SortFunc(c.Papers, func(a, b Paper) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.SM3, b.SM3)) })
	slices.SortFunc(c.Consents, func(a, b Consent) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Version, b.Version))
	})
	raw, err := json.Marshal(c)
	if err != nil {
		return nil, fault.Wrap("content_digest", err)
	}
	canonical, err := jcs.Transform(raw)
	if err != nil {
		return nil, fault.Wrap("content_digest", err)
	}
	return seal.Digest(canonical), nil
}
