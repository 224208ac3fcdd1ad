package cert

// The messages between the console and the signer. They are JSON over HTTP on a Unix socket; package signer serves
// them, package signer/client sends them.

// Instruction asks the signer to execute a request. Either two members of staff have approved the authorisation, or the
// holder of the old pair has signed it; never both.
type Instruction struct {
	Request       []byte     `json:"request"`       // canonical bytes
	Authorisation []byte     `json:"authorisation"` // canonical bytes
	Approvals     []Approval `json:"approvals,omitempty"`
	Holder        []byte     `json:"holder,omitempty"` // the Ukey's signature over ToSignRenew: SM2-SM3, DER
	Old           Pair       `json:"old"`
}

// Issued is the signer's answer to an Instruction, the same for the same request at any time.
type Issued struct {
	RequestID string `json:"request_id"`
	Digest    string `json:"digest"` // hex digest of the request that was executed
	Pair      Pair   `json:"pair"`
	// Seq and Head name the journal record of the result. Kept in the console's database, they show a journal that
	// was cut or exchanged.
	Seq  uint64 `json:"seq"`
	Head string `json:"head"`
}

// Closing is the answer to Close: the result, or nil where the signer has never answered the request and from now on
// refuses its id for ever.
type Closing struct {
	Issued *Issued `json:"issued,omitempty"`
}

// Status tells how the signer is.
type Status struct {
	Seq          uint64 `json:"seq"`  // number of the journal's last record
	Head         string `json:"head"` // its hash
	Issued       int    `json:"issued"`
	SoftwareKeys bool   `json:"software_keys"` // software approval keys were allowed at init
	StaffKeys    int    `json:"staff_keys"`
}

// Chain is what the signer signs with and by. It never changes for one data directory.
type Chain struct {
	CA           []byte `json:"ca"`      // issuing certificate, DER
	Root         []byte `json:"root"`    // its issuer, DER
	Profile      []byte `json:"profile"` // canonical bytes
	SoftwareKeys bool   `json:"software_keys"`
}
