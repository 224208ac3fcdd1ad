package cert

// The messages between the console and the signer. They are JSON over HTTP on a Unix socket (or, to another host, on
// TLS with certificates of both sides); package signer serves them, package signer/client sends them.

// JournalHead names a journal record. Kept in the console's database, it shows a journal that was cut or exchanged.
type JournalHead struct {
	Seq  uint64 `json:"seq"`
	Head string `json:"head"` // hash of the record
}

// Instruction asks the signer to execute a request. Who must have agreed is said by the authorisation's origin: two
// members of staff (Approvals) or the holder of the old pair (Holder); never both.
type Instruction struct {
	Request       []byte     `json:"request"`       // canonical bytes
	Authorisation []byte     `json:"authorisation"` // canonical bytes
	Approvals     []Approval `json:"approvals,omitempty"`
	// Holder is the old Ukey's proof, whose digest the request names: SM2-SM3, DER, over ToSignRenew, or, where Collect
	// is set, over ToSignCollect.
	Holder  []byte   `json:"holder,omitempty"`
	Collect *Collect `json:"collect,omitempty"`
	CSR     []byte   `json:"csr,omitempty"` // DER; where the authorisation is for other keys
	KMC     []byte   `json:"kmc,omitempty"` // canonical Evidence of the key centre
	Old     Pair     `json:"old"`           // empty for a new holder
}

// Collect is the update in which the old Ukey signed a CSR, see ToSignCollect.
type Collect struct {
	ID    string `json:"id"` // UUID
	Nonce string `json:"nonce"`
}

// Issued is the signer's answer to an Instruction, the same for the same request at any time. Its head names the record
// of the result.
type Issued struct {
	RequestID string `json:"request_id"`
	Digest    string `json:"digest"` // hex digest of the request that was executed
	Pair      Pair   `json:"pair"`
	JournalHead
}

// Closing is the answer to Close: the result, or nil where the signer has never answered the request and from now on
// refuses its id for ever.
type Closing struct {
	Issued *Issued `json:"issued,omitempty"`
	JournalHead
}

// Status tells how the signer is.
type Status struct {
	JournalHead
	Locked       bool     `json:"locked"`          // waits for its officers; nothing is signed
	Given        []string `json:"given,omitempty"` // logins of the officers whose shares were given since the start; once it is open, of those who opened it
	Needed       int      `json:"needed"`          // shares that open the key
	Shares       int      `json:"shares"`          // shares there are
	Issued       int      `json:"issued"`
	Revoked      int      `json:"revoked"`
	SoftwareKeys bool     `json:"software_keys"` // software approval keys were allowed at init
	SM2Only      bool     `json:"sm2_only"`      // passkeys and delegations count for nothing
	StaffKeys    int      `json:"staff_keys"`
	Key          string   `json:"key"`         // where the CA key lies: "software" or a device's own words
	CRLNumber    uint64   `json:"crl_number"`  // of the last list, 0 before the first
	NextUpdate   string   `json:"next_update"` // of the last list; "" before the first
}

// Chain is what the signer signs with and by. But for the profiles it never changes for one data directory.
type Chain struct {
	CA           []byte       `json:"ca"`       // issuing certificate, DER
	Root         []byte       `json:"root"`     // its issuer, DER
	Profile      []byte       `json:"profile"`  // canonical bytes of the first profile
	Profiles     [][]byte     `json:"profiles"` // canonical bytes of all, the first among them
	SoftwareKeys bool         `json:"software_keys"`
	SM2Only      bool         `json:"sm2_only"`
	Party        RelyingParty `json:"party"` // for whom passkeys sign
}

// RegistryOrder brings a change of the registry with its officers' signatures.
type RegistryOrder struct {
	Change    []byte     `json:"change"` // canonical RegistryChange
	Approvals []Approval `json:"approvals"`
}

// RegistryState is the registry as it is.
type RegistryState struct {
	Registry []byte `json:"registry"` // canonical bytes
	Digest   string `json:"digest"`
	JournalHead
}

// RevocationOrder brings a revocation with both signatures.
type RevocationOrder struct {
	Revocation []byte     `json:"revocation"` // canonical bytes
	Approvals  []Approval `json:"approvals"`
}

// Revoked is the answer to a RevocationOrder, the same for the same order at any time.
type Revoked struct {
	ID string `json:"id"`
	At string `json:"at"` // when it took effect: RFC 3339, UTC
	JournalHead
}

// ProfileOrder brings a new profile, or a new revision of one, with both signatures over its hash.
type ProfileOrder struct {
	Profile   []byte     `json:"profile"` // canonical bytes
	Approvals []Approval `json:"approvals"`
}

// ProfileState is the answer to a ProfileOrder.
type ProfileState struct {
	ProfileRef
	Revision int `json:"revision"`
	JournalHead
}

// DelegationEnd ends a delegation before its time.
type DelegationEnd struct {
	ID string `json:"id"` // UUID
}

// Ended is the answer to a DelegationEnd.
type Ended struct {
	ID string `json:"id"`
	At string `json:"at"` // what was approved later does not count: RFC 3339, UTC
	JournalHead
}

// CRLOrder asks for the list with a number: the last one again, or the one after it.
type CRLOrder struct {
	Number uint64 `json:"number"`
}

// CRL is a certificate revocation list.
type CRL struct {
	Number     uint64 `json:"number"`
	DER        []byte `json:"der"`
	ThisUpdate string `json:"this_update"`
	NextUpdate string `json:"next_update"`
	Entries    int    `json:"entries"`
	JournalHead
}

// JournalQuery asks what the signer has done.
type JournalQuery struct {
	From  uint64 `json:"from"`  // number of the first record
	Limit int    `json:"limit"` // records, at most MaxFacts
}

// MaxFacts is how many records one answer tells of.
const MaxFacts = 1000

// JournalPage tells of some records in order, all there are where there are fewer than were asked for. Its head is the
// last record there is.
type JournalPage struct {
	Facts []JournalFact `json:"facts"`
	JournalHead
}

// Kinds of journal records that a JournalFact says more about than its kind.
const (
	FactIntent     = "intent"     // ID, Digest, Serials
	FactIssued     = "issued"     // ID, Digest, Certificates
	FactClosed     = "closed"     // ID, Serials of an intent that was never answered
	FactRevoked    = "revoked"    // ID, Digest, Serials
	FactList       = "crl"        // Number, Digest of the list
	FactRegistry   = "registry"   // Digest of the change
	FactProfile    = "profile"    // Digest of the profile
	FactDelegation = "delegation" // ID
)

// JournalFact is what a journal record says, without what led to it: no secret, and of persons nothing.
type JournalFact struct {
	Seq          uint64   `json:"seq"`
	Hash         string   `json:"hash"`
	At           string   `json:"at"` // RFC 3339, UTC
	Kind         string   `json:"kind"`
	ID           string   `json:"id,omitempty"`           // of the request, the revocation or the delegation
	Digest       string   `json:"digest,omitempty"`       // hex, of the object
	Serials      []Serial `json:"serials,omitempty"`      // sign, encryption
	Certificates []string `json:"certificates,omitempty"` // SM3 (hex) of sign and encryption certificate, DER
	Number       uint64   `json:"number,omitempty"`       // of a revocation list
}

// Share is one officer's part of what opens the CA key.
type Share struct {
	Ceremony string `json:"ceremony"` // id of the ceremony it was made in
	Login    string `json:"login"`    // of its officer
	Index    int    `json:"index"`    // from 1
	Value    []byte `json:"value"`
}
