package signer

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// Where the private half of an approval key lies.
const (
	SoftwareKey = "software" // in a file or a database: for demonstrations only, must be allowed at init
	UkeyKey     = "ukey"     // in the person's own Ukey
)

// Approver is a member of staff whose signature counts, with the public half of the key.
type Approver struct {
	StaffID   string   `json:"staff_id"` // UUID in the console
	Login     string   `json:"login"`
	No        string   `json:"no"` // staff number: one person has one, however many accounts
	Roles     []string `json:"roles"`
	PublicKey []byte   `json:"public_key"`        // SM2, DER SubjectPublicKeyInfo, base64 in JSON
	Storage   string   `json:"storage,omitempty"` // SoftwareKey (also when empty) or UkeyKey

	key *ecdsa.PublicKey
}

// dutyRoles says whose signature counts for what.
var dutyRoles = map[string][]string{
	cert.DutyReview: {"reviewer", "second_reviewer", "review_lead"},
	cert.DutyIssue:  {"issuer"},
}

// skew is how far the clocks of console, staff and signer may be apart.
const skew = 10 * time.Minute

// staff is the signer's own list, by staff id.
type staff map[string]Approver

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

// newStaff checks a list: every id, login, staff number and key once, and no software keys unless they are allowed.
func newStaff(list []Approver, softwareKeys bool) (staff, error) {
	out := staff{}
	var logins, numbers []string
	for i, a := range list {
		key, err := cert.ParseKey(a.PublicKey)
		if err != nil {
			return nil, staffFault(i+1, err)
		}
		a.key = key
		switch {
		case a.StaffID == "" || a.Login == "" || a.No == "" || len(a.Roles) == 0:
			return nil, staffFault(i+1, fmt.Errorf("%q lacks an id, a login, a number or roles", a.Login))
		case out[a.StaffID].Login != "" || slices.Contains(logins, a.Login) || slices.Contains(numbers, a.No):
			return nil, staffFault(i+1, fmt.Errorf("%q appears twice", a.Login))
		case a.Storage != "" && a.Storage != SoftwareKey && a.Storage != UkeyKey:
			return nil, staffFault(i+1, fmt.Errorf("%q has a key stored in %q", a.Login, a.Storage))
		case a.Storage != UkeyKey && !softwareKeys:
			return nil, fault.New(fault.Forbidden, "software_keys_forbidden", fault.Args{"login": a.Login})
		}
		for _, other := range out {
			if other.key.Equal(key) {
				return nil, staffFault(i+1, fmt.Errorf("%q and %q share a key", a.Login, other.Login))
			}
		}
		logins, numbers = append(logins, a.Login), append(numbers, a.No)
		out[a.StaffID] = a
	}
	return out, nil
}

// check demands a reviewer's and an issuer's approval of this authorisation by two different persons, each given
// before the authorisation expires and not in the future.
func (s staff) check(approvals []cert.Approval, digest cert.Digest, expires, now time.Time) error {
	var people []Approver
	for _, duty := range []string{cert.DutyReview, cert.DutyIssue} {
		i := slices.IndexFunc(approvals, func(a cert.Approval) bool { return a.Duty == duty })
		if i < 0 {
			return fault.New(fault.Forbidden, "approval_missing", fault.Args{"duty": duty})
		}
		who, err := s.approver(approvals[i], digest)
		if err != nil {
			return err
		}
		if at := approvals[i].At; at.After(expires) || at.After(now.Add(skew)) {
			return fault.New(fault.Forbidden, "approval_time_wrong", fault.Args{"login": who.Login})
		}
		people = append(people, who)
	}
	if len(approvals) > len(people) {
		return fault.New(fault.Forbidden, "approval_surplus", nil)
	}
	if people[0].StaffID == people[1].StaffID {
		return fault.New(fault.Forbidden, "approval_same_person", fault.Args{"login": people[0].Login})
	}
	return nil
}

// approver checks one approval on its own: known, in a fitting role, and really signed.
func (s staff) approver(a cert.Approval, digest cert.Digest) (Approver, error) {
	who, ok := s[a.StaffID]
	if !ok {
		return Approver{}, fault.New(fault.Forbidden, "approver_unknown", nil)
	}
	if !slices.ContainsFunc(who.Roles, func(role string) bool { return slices.Contains(dutyRoles[a.Duty], role) }) {
		return Approver{}, fault.New(fault.Forbidden, "approver_role_wrong", fault.Args{"login": who.Login, "duty": a.Duty})
	}
	if err := a.Verify(who.key, digest); err != nil {
		return Approver{}, fault.New(fault.Forbidden, "approval_signature_wrong", fault.Args{"login": who.Login})
	}
	return who, nil
}
