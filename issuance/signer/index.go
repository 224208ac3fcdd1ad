package signer

import (
	"encoding/json"
	"fmt"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

type state int

const (
	stateIntent state = iota + 1
	stateIssued
	stateClosed
)

// known is what is remembered of one request: about 200 bytes, the certificates stay in the file.
type known struct {
	state         state
	digest        cert.Digest
	authorisation cert.Digest
	old           string // digest (hex) of the old sign certificate
	serials       [2]cert.Serial
	at            span // of the issued record, once there is one
}

// index is the journal by what requests ask of it. It is a function of the journal alone.
type index struct {
	requests       map[string]*known
	authorisations map[cert.Digest]string // to the id of the request that used it and was not closed
	serials        map[cert.Serial]bool   // of every intent, closed ones too: a serial is never used twice
	renewed        map[string]string      // digest of an old sign certificate to the request that renews it and was not closed
	// withdrawn are the serials of intents that were closed: should a certificate with one turn up, it is worth nothing.
	// They are all the revocation this signer knows of by itself.
	withdrawn map[cert.Serial]bool
	issued    int
}

func newIndex() index {
	return index{
		requests: map[string]*known{}, authorisations: map[cert.Digest]string{}, serials: map[cert.Serial]bool{},
		renewed: map[string]string{}, withdrawn: map[cert.Serial]bool{},
	}
}

func (x *index) intent(r cert.Request, a cert.Authorisation, at span) {
	authorisation := mustDigest(r.Authorisation)
	k := &known{
		state: stateIntent, digest: r.Digest(), authorisation: authorisation, old: a.Old.Sign, at: at,
		serials: [2]cert.Serial{cert.Serial(r.SignSerial), cert.Serial(r.EncSerial)},
	}
	x.requests[r.ID] = k
	x.authorisations[authorisation], x.renewed[k.old] = r.ID, r.ID
	for _, s := range k.serials {
		x.serials[s] = true
	}
}

func (x *index) answered(id string, at span) {
	k := x.requests[id]
	k.state, k.at = stateIssued, at
	x.issued++
}

func (x *index) closed(id string, at span) {
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
			x.withdrawn[s] = true
		}
	}
	k.state, k.at = stateClosed, at
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
	switch r.Kind {
	case kindIntent:
		var body intentBody
		if err := json.Unmarshal(r.Body, &body); err != nil {
			return err
		}
		req, err := cert.ParseRequest(body.Request)
		if err != nil {
			return err
		}
		authorisation, err := cert.ParseAuthorisation(body.Authorisation)
		if err != nil {
			return err
		}
		if x.requests[req.ID] != nil || x.authorisations[mustDigest(req.Authorisation)] != "" {
			return fmt.Errorf("second intent of request %s or of its authorisation", req.ID)
		}
		x.intent(req, authorisation, at)
	case kindIssued:
		var body issuedBody
		if err := json.Unmarshal(r.Body, &body); err != nil {
			return err
		}
		if k := x.requests[body.ID]; k == nil || k.state != stateIntent || k.digest.Hex() != body.Digest {
			return fmt.Errorf("result of request %s without its intent", body.ID)
		}
		x.answered(body.ID, at)
	case kindClosed:
		var body closedBody
		if err := json.Unmarshal(r.Body, &body); err != nil {
			return err
		}
		if k := x.requests[body.ID]; k != nil && k.state != stateIntent {
			return fmt.Errorf("request %s closed after its end", body.ID)
		}
		x.closed(body.ID, at)
	case kindInit, kindUnlock, kindRefused:
	default:
		return fmt.Errorf("unknown kind %q", r.Kind)
	}
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
