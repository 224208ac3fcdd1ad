package issuance

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance/cert"
)

// List is a stored revocation list.
type List struct {
	Number     uint64
	ThisUpdate time.Time
	NextUpdate time.Time
	Entries    int
	SM3        cert.Digest
	Head       cert.JournalHead
	DER        []byte // nil in an overview
}

// Due is when the list after this one is made, unless a revocation asks for it before: at half of its life, so that the
// other half is there for whatever stands in the way.
func (l List) Due() time.Time { return l.ThisUpdate.Add(l.NextUpdate.Sub(l.ThisUpdate) / 2) }

// Alarming is from when on the lack of a new list is an alarm: a quarter of its life is left.
func (l List) Alarming() time.Time { return l.NextUpdate.Add(-l.NextUpdate.Sub(l.ThisUpdate) / 4) }

// AskList has the signer make the list after the last one stored and returns it, checked, for KeepList. A list that was
// made and never stored is given again. Not to be called inside a transaction. Fails with Unavailable where the signer
// does not answer, is locked or unknown, and Internal "crl_wrong" (not what was asked for, or not signed by the CA),
// "crl_behind" (the signer has forgotten lists we have) or "crl_shrinks" (a certificate is missing that has not run out).
func (s *Service) AskList(ctx context.Context, q pg.Q) (List, error) {
	by, err := s.Authority(ctx, q)
	if err != nil {
		return List{}, err
	}
	last, err := s.LastList(ctx, q)
	if err != nil && !fault.HasKey(err, "crl_unknown") {
		return List{}, err
	}
	answer, err := s.nextList(ctx, last.Number)
	if err != nil {
		return List{}, err
	}
	return checkList(q, answer, by, last)
}

// nextList asks for the list after a number. A signer that is further on, because ours is a database of yesterday, is
// asked for its own last one, and for the one after it where it has lost that.
func (s *Service) nextList(ctx context.Context, last uint64) (cert.CRL, error) {
	ask := last + 1
	for range 3 {
		answer, err := s.revoker.CRL(ctx, cert.CRLOrder{Number: ask})
		if !fault.HasKey(err, "crl_number_wrong") {
			return answer, err
		}
		has, bad := strconv.ParseUint(fmt.Sprint(fault.Of(err).Args["number"]), 10, 64)
		switch {
		case bad != nil || has < ask-1:
			return cert.CRL{}, &fault.Error{Kind: fault.Internal, Key: "crl_behind", Cause: err}
		case has == ask:
			ask++
		default:
			ask = has
		}
	}
	return cert.CRL{}, fault.New(fault.Internal, "crl_wrong", nil)
}

// checkList reads what the signer gave: nothing is stored, and so nothing served, that is not a newer list of this CA
// with everything on it that was on the one before.
func checkList(q pg.Q, in cert.CRL, by Authority, last List) (List, error) {
	wrong := func(cause error) error { return &fault.Error{Kind: fault.Internal, Key: "crl_wrong", Cause: cause} }
	ca, err := smx509.ParseCertificate(by.CA)
	if err != nil {
		return List{}, wrong(err)
	}
	list, err := cert.ParseRevocationList(in.DER, ca)
	if err != nil {
		return List{}, wrong(err)
	}
	if _, err := cert.ParseDigest(in.Head); err != nil {
		return List{}, wrong(err)
	}
	switch {
	case list.Number != in.Number || list.Number <= last.Number || len(list.Entries) != in.Entries:
		return List{}, wrong(fmt.Errorf("number %d with %d entries was said to be %d with %d, after %d", list.Number, len(list.Entries), in.Number, in.Entries, last.Number))
	case list.ThisUpdate.Before(last.ThisUpdate) || !list.NextUpdate.After(list.ThisUpdate):
		return List{}, wrong(fmt.Errorf("of %s until %s, after %s", list.ThisUpdate, list.NextUpdate, last.ThisUpdate))
	}
	if last.Number > 0 {
		if err := checkKept(q, list, last, ca); err != nil {
			return List{}, err
		}
	}
	return List{
		Number: list.Number, ThisUpdate: list.ThisUpdate, NextUpdate: list.NextUpdate, Entries: len(list.Entries), SM3: cert.SM3(in.DER), Head: in.JournalHead, DER: in.DER,
	}, nil
}

// checkKept: what is missing had run out before the last list was made, so that it stood on one made after its end
// (RFC 5280, 3.3).
func checkKept(q pg.Q, list cert.RevocationList, last List, ca *smx509.Certificate) error {
	before, err := cert.ParseRevocationList(last.DER, ca)
	if err != nil {
		return err
	}
	lost := list.Lost(before)
	ended, err := endedBefore(q, lost, last.ThisUpdate)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(lost, func(s cert.Serial) bool { return !slices.Contains(ended, s) }); i >= 0 {
		return fault.Wrap("crl_shrinks", fmt.Errorf("%d are missing, among them %s", len(lost)-len(ended), lost[i]))
	}
	return nil
}
