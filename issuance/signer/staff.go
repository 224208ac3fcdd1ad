package signer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"time"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// Where the private half of an approval key lies.
const (
	SoftwareKey = cert.SoftwareKey
	UkeyKey     = cert.UkeyKey
)

// Approver is a member of staff whose signature counts from the beginning, with the public half of one key: a line of
// the list that init takes.
type Approver struct {
	StaffID      string   `json:"staff_id"` // UUID in the console
	Login        string   `json:"login"`
	No           string   `json:"no"` // staff number: one person has one, however many accounts
	Roles        []string `json:"roles"`
	Kind         string   `json:"kind,omitempty"`          // cert.KindSM2 (also when empty) or cert.KindWebAuthn
	PublicKey    []byte   `json:"public_key"`              // DER SubjectPublicKeyInfo, base64 in JSON
	CredentialID []byte   `json:"credential_id,omitempty"` // of a passkey
	Storage      string   `json:"storage,omitempty"`       // SoftwareKey (also when empty), UkeyKey or cert.DeviceKey
}

// entry makes the registry's entry of an approver.
func (a Approver) entry(from time.Time) cert.StaffKey {
	k := cert.StaffKey{StaffID: a.StaffID, Login: a.Login, No: a.No, Roles: a.Roles, Kind: a.Kind, Storage: a.Storage}
	if k.Kind == "" {
		k.Kind = cert.KindSM2
	}
	if k.Storage == "" {
		k.Storage = SoftwareKey
	}
	public := a.PublicKey
	if k.Kind == cert.KindSM2 { // tools write the algorithm in two ways; the registry has one
		if key, err := cert.ParseKey(public); err == nil {
			if der, err := cert.EncodeKey(key); err == nil {
				public = der
			}
		}
	}
	return cert.NewStaffKey(k, public, a.CredentialID, from)
}

// ReadStaff reads a staff list: one JSON object a line. Fails with Invalid "staff_list_malformed".
func ReadStaff(r io.Reader) ([]Approver, error) {
	var out []Approver
	in := bufio.NewScanner(r)
	in.Buffer(nil, 1<<20)
	for line := 1; in.Scan(); line++ {
		if len(bytes.TrimSpace(in.Bytes())) == 0 {
			continue
		}
		var a Approver
		dec := json.NewDecoder(bytes.NewReader(in.Bytes()))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&a); err != nil {
			return nil, staffFault(line, err)
		}
		out = append(out, a)
	}
	if err := in.Err(); err != nil {
		return nil, staffFault(0, err)
	}
	return out, nil
}

func staffFault(line int, err error) error {
	return &fault.Error{Kind: fault.Invalid, Key: "staff_list_malformed", Args: fault.Args{"line": line}, Cause: err}
}

// firstRegistry makes the registry that init fixes. Keys count from an hour before, so that clocks need not agree.
func firstRegistry(list []Approver, officers int, now time.Time) (cert.Registry, error) {
	r := cert.Registry{V: cert.Version, Seq: 1, Officers: officers, Keys: []cert.StaffKey{}, Revoked: []string{}}
	for i, a := range list {
		k := a.entry(now.Add(-time.Hour))
		if err := k.Check(); err != nil {
			return cert.Registry{}, staffFault(i+1, err)
		}
		r.Keys = append(r.Keys, k)
	}
	if err := r.Check(); err != nil {
		return cert.Registry{}, staffFault(0, err)
	}
	return r, nil
}
