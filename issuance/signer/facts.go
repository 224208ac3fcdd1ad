package signer

import (
	"context"
	"encoding/json"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// Journal tells what was done, record by record, so that a database can be compared with it. It needs no key. Fails with
// Invalid "request_malformed" where nothing or too much is asked for, Unavailable "signer_stopped".
func (e *Engine) Journal(_ context.Context, in cert.JournalQuery) (cert.JournalPage, error) {
	if in.From < 1 || in.Limit < 1 || in.Limit > cert.MaxFacts {
		return cert.JournalPage{}, fault.New(fault.Invalid, "request_malformed", nil)
	}
	records, head, err := e.journal.readFrom(in.From, in.Limit)
	if err != nil {
		return cert.JournalPage{}, err
	}
	page := cert.JournalPage{Facts: make([]cert.JournalFact, 0, len(records)), JournalHead: head}
	for _, r := range records {
		f, err := factOf(r)
		if err != nil {
			return cert.JournalPage{}, fault.Wrap("journal_failed", err)
		}
		page.Facts = append(page.Facts, f)
	}
	return page, nil
}

// factOf takes from a record what may be told of it.
func factOf(r Record) (cert.JournalFact, error) {
	var err error
	f := cert.JournalFact{Seq: r.Seq, Hash: r.Hash, At: r.At, Kind: r.Kind}
	switch r.Kind {
	case kindIntent:
		err = told(r, func(b intentBody) error {
			req, err := cert.ParseRequest(b.Request)
			f.ID, f.Digest, f.Serials = b.ID, b.Digest, []cert.Serial{cert.Serial(req.SignSerial), cert.Serial(req.EncSerial)}
			return err
		})
	case kindIssued:
		err = told(r, func(b issuedBody) error {
			f.ID, f.Digest, f.Certificates = b.ID, b.Digest, []string{cert.SM3(b.Pair.Sign).Hex(), cert.SM3(b.Pair.Enc).Hex()}
			return nil
		})
	case kindClosed:
		err = told(r, func(b closedBody) error { f.ID, f.Serials = b.ID, b.Serials; return nil })
	case kindRevoked:
		err = told(r, func(b revokedBody) error {
			order, err := cert.ParseRevocation(b.Revocation)
			f.ID, f.Digest = order.ID, order.Digest().Hex()
			for _, s := range order.Serials {
				f.Serials = append(f.Serials, cert.Serial(s))
			}
			return err
		})
	case kindCRL:
		err = told(r, func(b crlBody) error { f.Number, f.Digest = b.Number, b.Digest; return nil })
	case kindRegistry:
		err = told(r, func(b registryBody) error { f.Digest = cert.SM3(b.Change).Hex(); return nil })
	case kindProfile:
		err = told(r, func(b profileBody) error { f.Digest = cert.SM3(b.Profile).Hex(); return nil })
	case kindDelegation:
		err = told(r, func(b cert.DelegationEnd) error { f.ID = b.ID; return nil })
	}
	return f, err
}

// told reads a record's body.
func told[T any](r Record, take func(T) error) error {
	var body T
	if err := json.Unmarshal(r.Body, &body); err != nil {
		return err
	}
	return take(body)
}
