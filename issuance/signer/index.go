package signer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

type state int

const (
	stateIntent state = iota + 1
	stateIssued
	stateClosed
)

// known is what is remembered of one request: about 350 bytes, the certificates stay in the file.
type known struct {
	state         state
	digest        cert.Digest
	authorisation cert.Digest
	old           string // digest (hex) of the old sign certificate; "" for a new holder
	serials       [2]cert.Serial
	notAfter      time.Time      // of both certificates
	keys          [2]cert.Digest // of both keys, in the order of serials
	at            span           // of the issued record, once there is one
	// busy is closed when the call that works on the request has ended; nil while none does. It is no part of the journal.
	busy chan struct{}
	// trust and when are whom the signer believed at the time of an intent: what a crash left is checked again by them.
	// They are forgotten with the request's end.
	trust *cert.Trust
	when  time.Time
}

// withdrawal is why and since when a certificate is worth nothing.
type withdrawal struct {
	at       time.Time
	reason   int
	notAfter time.Time
}

// answeredOrder is the answer to an order that is not an issuance.
type answeredOrder struct {
	digest cert.Digest
	at     time.Time
	head   cert.JournalHead
}

// index is the journal by what requests ask of it. It is a function of the journal and of what init fixed.
type index struct {
	requests       map[string]*known
	authorisations map[cert.Digest]string     // to the id of the request that used it and was not closed
	serials        map[cert.Serial]*known     // of every intent, closed ones too: a serial is never used twice
	renewed        map[string]string          // digest of an old sign certificate to the request that renews it and was not closed
	keys           map[string]cert.Digest     // sign keys that CSRs brought, to the digest of their subject
	lostKeys       map[cert.Digest]bool       // keys of certificates that were revoked as compromised
	withdrawn      map[cert.Serial]withdrawal // revoked, or of an intent that was closed: what stands on the list
	revocations    map[string]answeredOrder   // by id
	ended          map[string]answeredOrder   // delegations that ended before their time, by id
	profiles       map[string]cert.Profile    // the last revision of each, by id
	trust          *cert.Trust
	changes        int         // how often the registry or a profile has changed
	change         cert.Digest // the last change of it
	crl            crlBody
	issued         int
}

func newIndex(d data) index {
	return index{
		requests: map[string]*known{}, authorisations: map[cert.Digest]string{}, serials: map[cert.Serial]*known{},
		renewed: map[string]string{}, keys: map[string]cert.Digest{}, lostKeys: map[cert.Digest]bool{},
		withdrawn: map[cert.Serial]withdrawal{}, revocations: map[string]answeredOrder{}, ended: map[string]answeredOrder{},
		profiles: map[string]cert.Profile{d.profile.ID: d.profile}, trust: d.trust,
	}
}

// keysOf are the digests by which a request's keys are remembered: a parsed request writes a key in one way only.
func keysOf(r cert.Request) [2]cert.Digest {
	return [2]cert.Digest{cert.SM3([]byte(r.SignKey)), cert.SM3([]byte(r.EncKey))}
}

func (x *index) intent(r cert.Request, a cert.Authorisation, digest cert.Digest, at span, when time.Time) *known {
	authorisation := mustDigest(r.Authorisation)
	_, end := r.Validity()
	k := &known{
		state: stateIntent, digest: digest, authorisation: authorisation, old: a.Old.Sign, at: at, notAfter: end,
		serials: [2]cert.Serial{cert.Serial(r.SignSerial), cert.Serial(r.EncSerial)}, keys: keysOf(r), trust: x.trust, when: when,
	}
	x.requests[r.ID] = k
	x.authorisations[authorisation] = r.ID
	if k.old != "" {
		x.renewed[k.old] = r.ID
	}
	if a.Keys == cert.CSRKeys {
		x.keys[r.SignKey] = cert.SM3(a.SubjectDER())
	}
	for _, s := range k.serials {
		x.serials[s] = k
	}
	return k
}

func (x *index) answered(id string, at span) {
	k := x.requests[id]
	k.state, k.at, k.trust = stateIssued, at, nil
	x.issued++
}

func (x *index) closed(id string, at span, when time.Time) {
	k, seen := x.requests[id]
	if !seen {
		k = &known{}
		x.requests[id] = k
	}
	if x.authorisations[k.authorisation] == id {
		delete(x.authorisations, k.authorisation)
	}
	if x.renewed[k.old] == id {
		delete(x.renewed, k.old)
	}
	if k.state == stateIntent {
		for _, s := range k.serials {
			x.withdrawn[s] = withdrawal{at: when, reason: cert.ReasonUnspecified, notAfter: k.notAfter}
		}
	}
	k.state, k.at, k.trust = stateClosed, at, nil
}

func (x *index) revoked(r cert.Revocation, when time.Time, head cert.JournalHead) {
	for _, s := range r.Serials {
		k := x.serials[cert.Serial(s)]
		x.withdrawn[cert.Serial(s)] = withdrawal{at: when, reason: r.Reason, notAfter: k.notAfter}
		if r.Reason == cert.ReasonKeyCompromise {
			x.lostKeys[k.keys[slices.Index(k.serials[:], cert.Serial(s))]] = true
		}
	}
	x.revocations[r.ID] = answeredOrder{digest: r.Digest(), at: when, head: head}
}

// replay applies a record read from the file. A record that could not have been written after the ones before it
// means that the file is not one this program wrote: Conflict "journal_broken".
func (x *index) replay(r Record, at span) error {
	err := x.apply(r, at)
	if err != nil {
		return &fault.Error{Kind: fault.Conflict, Key: "journal_broken", Args: fault.Args{"seq": r.Seq}, Cause: err}
	}
	return nil
}

func (x *index) apply(r Record, at span) error {
	when, err := time.Parse(time.RFC3339, r.At)
	if err != nil {
		return err
	}
	switch r.Kind {
	case kindIntent:
		return replayed(r, func(b intentBody) error { return x.applyIntent(b, at, when) })
	case kindIssued:
		return replayed(r, func(b issuedBody) error {
			if k := x.requests[b.ID]; k == nil || k.state != stateIntent || k.digest.Hex() != b.Digest {
				return fmt.Errorf("result of request %s without its intent", b.ID)
			}
			x.answered(b.ID, at)
			return nil
		})
	case kindClosed:
		return replayed(r, func(b closedBody) error {
			if k := x.requests[b.ID]; k != nil && k.state != stateIntent {
				return fmt.Errorf("request %s closed after its end", b.ID)
			}
			x.closed(b.ID, at, when)
			return nil
		})
	case kindRegistry:
		return replayed(r, func(b registryBody) error { return x.applyRegistry(b, when.Add(cert.Skew)) })
	case kindProfile:
		return replayed(r, func(b profileBody) error { return x.applyProfile(b, when.Add(cert.Skew)) })
	case kindDelegation:
		return replayed(r, func(b cert.DelegationEnd) error {
			x.endDelegation(b.ID, when, cert.JournalHead{Seq: r.Seq, Head: r.Hash})
			return nil
		})
	case kindRevoked:
		return replayed(r, func(b revokedBody) error { return x.applyRevoked(b, when, cert.JournalHead{Seq: r.Seq, Head: r.Hash}) })
	case kindCRL:
		return replayed(r, func(b crlBody) error {
			if b.Number <= x.crl.Number {
				return fmt.Errorf("revocation list %d after %d", b.Number, x.crl.Number)
			}
			x.crl = b
			return nil
		})
	case kindInit, kindStart, kindShare, kindUnlock, kindRefused:
		return nil
	}
	return fmt.Errorf("unknown kind %q", r.Kind)
}

// replayed hands a record's body, read strictly, to a function.
func replayed[T any](r Record, apply func(T) error) error {
	var body T
	dec := json.NewDecoder(bytes.NewReader(r.Body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&body); err != nil {
		return err
	}
	return apply(body)
}

func (x *index) applyIntent(b intentBody, at span, when time.Time) error {
	req, err := cert.ParseRequest(b.Request)
	if err != nil {
		return err
	}
	authorisation, err := cert.ParseAuthorisation(b.Authorisation)
	if err != nil {
		return err
	}
	if x.requests[req.ID] != nil || x.authorisations[mustDigest(req.Authorisation)] != "" {
		return fmt.Errorf("second intent of request %s or of its authorisation", req.ID)
	}
	x.intent(req, authorisation, cert.SM3(b.Request), at, when)
	return nil
}

// mustDigest reads a digest of an object that was parsed, and so checked, before.
func mustDigest(s string) cert.Digest {
	d, err := cert.ParseDigest(s)
	if err != nil {
		panic("signer: a parsed request names a digest that is none")
	}
	return d
}
