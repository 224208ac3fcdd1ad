package issuance

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// Ledger tells what the signer has done. Package signer/client implements it over the socket, signer.Engine inside a
// test.
type Ledger interface {
	// Journal gives a page of the journal.
	Journal(ctx context.Context, in cert.JournalQuery) (cert.JournalPage, error)
}

// UseLedger makes the service compare its database with a signer's journal; without one comparing fails with
// Unavailable "signer_unavailable". To be called while the service is put together.
func (s *Service) UseLedger(l Ledger) { s.ledger = l }

type noLedger struct{}

func (noLedger) Journal(context.Context, cert.JournalQuery) (cert.JournalPage, error) {
	return cert.JournalPage{}, fault.Down("signer_unavailable", time.Minute, nil)
}

// Kinds of findings: how database, journal and revocation list may disagree.
const (
	FindingCut           = "journal_cut"           // the journal ends before a record whose head we hold
	FindingHead          = "head_differs"          // under a number whose head we hold lies another record
	FindingIntentUnknown = "intent_unknown"        // the signer executed a request that is not ours
	FindingDigest        = "digest_differs"        // it executed something else under our request's or revocation's id
	FindingCertificate   = "certificate_differs"   // it issued another pair than the one we hold
	FindingIssuedClosed  = "issued_closed"         // it issued what we believe to be refused for ever
	FindingClosed        = "closed_recorded"       // it refused for ever what we hold a pair of
	FindingUnissued      = "recorded_not_issued"   // we hold a pair, and its record says something else
	FindingRevocation    = "revocation_unknown"    // it revoked what is no revocation of ours
	FindingNotRevoked    = "revoked_not_marked"    // it revoked a pair that we still show as good
	FindingUnrevoked     = "marked_not_revoked"    // we show a pair of this CA as revoked, and nobody had it revoked
	FindingList          = "list_differs"          // it signed another list under a number than the one we hold
	FindingListMissing   = "list_missing"          // it signed a list, with later ones after it, that we do not hold
	FindingNotListed     = "not_listed"            // revoked and not on the last list
	FindingListed        = "listed_unknown"        // on the last list and not revoked
	FindingPairUnknown   = "pair_without_request"  // this CA signed a pair that no request of ours led to
	FindingUnreadable    = "certificate_malformed" // a pair that cannot be read
)

// Finding is something that does not agree.
type Finding struct {
	Kind    string // FindingCut and so on
	Subject string // id of a request or revocation, a serial, the number of a record
	Detail  string // both sides, for whoever looks into it; no personal data
	FoundAt time.Time
	SeenAt  time.Time // by the last comparison that found it
	// ClearedAt is when a comparison no longer found it; zero while it stands.
	ClearedAt time.Time
}

// CheckDone is the last phase of a comparison.
const CheckDone = "done"

// The phases before it.
const (
	phaseJournal = "journal" // record by record, with what the database has under these numbers
	phasePairs   = "pairs"   // pairs that no request led to
	phaseLists   = "lists"   // revocations and the last list
)

// Counts are what a comparison has seen.
type Counts struct {
	Records  int `json:"records"`  // of the journal
	Issued   int `json:"issued"`   // pairs it says it issued
	Recorded int `json:"recorded"` // of these, the database holds the same
	Open     int `json:"open"`     // that the database has not taken in yet: the sweeps will
	Closed   int `json:"closed"`   // requests refused for ever
	Revoked  int `json:"revoked"`  // revocations
	Lists    int `json:"lists"`    // revocation lists
	Pairs    int `json:"pairs"`    // pairs from elsewhere that were looked at
	Listed   int `json:"listed"`   // certificates on the last list
	Findings int `json:"findings"`
}

// Check is a comparison of the database with the signer's journal and the last revocation list, as far as it is.
type Check struct {
	ID        uuid.UUID
	Phase     string
	Seq       uint64    // of the next record
	Pair      uuid.UUID // the last one looked at
	Counts    Counts
	StartedAt time.Time
	MovedAt   time.Time
	EndedAt   time.Time // zero before the end
}

// Done tells whether all was compared.
func (c Check) Done() bool { return c.Phase == CheckDone }

// NewCheck begins a comparison.
func (s *Service) NewCheck() (Check, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Check{}, fault.Wrap("random_unavailable", err)
	}
	return Check{ID: id, Phase: phaseJournal, Seq: 1, StartedAt: s.now(), MovedAt: s.now()}, nil
}

// comparison is one step: what the database has of one page of the journal.
type comparison struct {
	facts       map[uint64]cert.JournalFact
	requests    map[string]requestOf
	revocations map[string]revocationOf
	lists       map[uint64]crlRow // without their content
	lastList    uint64
	counts      *Counts
	found       []Finding
}

// requestOf is a request with the pair it led to.
type requestOf struct {
	requestRow
	certificates []string // SM3 (hex), sign and encryption
}

// revocationOf is a revocation with its state.
type revocationOf struct {
	Digest    []byte
	State     RevocationState
	PairState State
}

func (c *comparison) report(kind, subject, detail string, args ...any) {
	c.found = append(c.found, Finding{Kind: kind, Subject: subject, Detail: fmt.Sprintf(detail, args...)})
}

// fact compares one record with the database.
func (c *comparison) fact(f cert.JournalFact) {
	c.counts.Records++
	switch f.Kind {
	case cert.FactIntent:
		r, ok := c.requests[f.ID]
		switch {
		case !ok:
			c.report(FindingIntentUnknown, f.ID, "record %d", f.Seq)
		case cert.Digest(r.Digest).Hex() != f.Digest:
			c.report(FindingDigest, f.ID, "record %d executed %s, asked was %x", f.Seq, f.Digest, r.Digest)
		}
	case cert.FactIssued:
		c.counts.Issued++
		c.issued(f)
	case cert.FactClosed:
		c.counts.Closed++
		switch r := c.requests[f.ID]; r.State {
		case RequestRecorded:
			c.report(FindingClosed, f.ID, "record %d", f.Seq)
		case RequestReserved:
			c.counts.Open++
		}
	case cert.FactRevoked:
		c.counts.Revoked++
		c.revoked(f)
	case cert.FactList:
		c.counts.Lists++
		l, ok := c.lists[f.Number]
		switch {
		case !ok && f.Number < c.lastList:
			c.report(FindingListMissing, fmt.Sprint(f.Number), "record %d", f.Seq)
		case ok && cert.Digest(l.SM3).Hex() != f.Digest:
			c.report(FindingList, fmt.Sprint(f.Number), "record %d signed %s, kept is %x", f.Seq, f.Digest, l.SM3)
		}
	}
}

func (c *comparison) issued(f cert.JournalFact) {
	r, ok := c.requests[f.ID]
	if !ok {
		return // said of its intent
	}
	switch r.State {
	case RequestReserved:
		c.counts.Open++
	case RequestClosed:
		c.report(FindingIssuedClosed, f.ID, "record %d", f.Seq)
	case RequestRecorded:
		same := len(r.certificates) == 2 && len(f.Certificates) == 2 && r.certificates[0] == f.Certificates[0] && r.certificates[1] == f.Certificates[1]
		if !same || *r.SignerSeq != f.Seq {
			c.report(FindingCertificate, f.ID, "record %d issued %v, kept of record %d are %v", f.Seq, f.Certificates, *r.SignerSeq, r.certificates)
			return
		}
		c.counts.Recorded++
	}
}

func (c *comparison) revoked(f cert.JournalFact) {
	r, ok := c.revocations[f.ID]
	switch {
	case !ok || r.State != RevocationRevoked && r.State != RevocationApproved && r.State != RevocationFailed:
		c.report(FindingRevocation, f.ID, "record %d", f.Seq)
	case cert.Digest(r.Digest).Hex() != f.Digest:
		c.report(FindingDigest, f.ID, "record %d executed %s, asked was %x", f.Seq, f.Digest, r.Digest)
	case r.State != RevocationRevoked:
		c.counts.Open++
	case r.PairState != Revoked:
		c.report(FindingNotRevoked, f.ID, "the pair is %s", r.PairState)
	}
}

// head is a head of the journal that the database holds, and of what.
type head struct {
	Seq  uint64
	Head []byte
	What string // request, closed, revocation, list, status
	ID   string // of the request or the revocation
}

// held compares a head with the journal's record.
func (c *comparison) held(h head) {
	f, ok := c.facts[h.Seq]
	if !ok {
		return // beyond this page
	}
	if f.Hash != cert.Digest(h.Head).Hex() {
		c.report(FindingHead, fmt.Sprint(h.Seq), "of a %s: %x was told, the journal has %s", h.What, h.Head, f.Hash)
		return
	}
	kinds := map[string]string{"request": cert.FactIssued, "closed": cert.FactClosed, "revocation": cert.FactRevoked}
	if kind, ok := kinds[h.What]; ok && (f.Kind != kind || f.ID != h.ID) {
		c.report(FindingUnissued, h.ID, "record %d is of kind %s and of %q", h.Seq, f.Kind, f.ID)
	}
}
