package cert

import (
	"bytes"

	"caconsole/admin/fault"
)

// Profile is the template of a pair: everything in the certificates that follows neither from the old pair nor from
// the request. It is data: the console's people change it (two of them), the signer keeps its own copy and works by
// that one only. What the standards leave open, and every CA does in its own way, stands here and not in code: which
// OID holds the organisation code, as which string, with which tag, and how GM/T 0092 is encoded for the driver in use.
//
// The end of the validity is not here: it follows from the years and the rule of Term, the same for every profile.
type Profile struct {
	V        int    `json:"v"`        // of this format: ProfileVersion
	ID       string `json:"id"`       // plain name; the same for all revisions
	Revision int    `json:"revision"` // from 1
	Project  string `json:"project"`  // code of the project it is for, "" for any
	Type     string `json:"type"`     // TypeOrganisation
	Years    []int  `json:"years"`    // terms that may be issued, ascending
	// DN is how the subject of a new holder is made. A renewal copies the old pair's bytes.
	DN        []DNPart `json:"dn"`
	PolicyOID string   `json:"policy_oid"`
	CRL       []string `json:"crl"`        // URLs of the CRL distribution point
	CAIssuers []string `json:"ca_issuers"` // URLs of the issuing certificate
	// Identity are the extensions that hold the organisation code. A renewal copies the code of the old pair, which is
	// looked for under the same OIDs.
	Identity    []Extension `json:"identity"`
	SignUsage   []string    `json:"sign_usage"` // key usages by name, see keyUsages
	EncUsage    []string    `json:"enc_usage"`
	EncKey      string      `json:"enc_key"` // EncKeyKeep or EncKeyKMC: the encryption key of a renewal that brings a CSR
	CSRResponse Tagging     `json:"csr_response"`
}

// ProfileVersion is the version of the profile's format.
const ProfileVersion = 1

// TypeOrganisation is the type of certificates for organisations (机构证书).
const TypeOrganisation = "organisation"

// Rules for the encryption key of a renewal that brings a new sign key.
const (
	EncKeyKeep = "keep" // the old key pair: what was encrypted stays readable, and the driver imports no key
	EncKeyKMC  = "kmc"  // a new one from the key management centre
)

// Extension is an extension with one string in it, as Chinese CAs put numbers of the holder into certificates
// (1.2.156.10260.4.1.x, GM/T 0015).
type Extension struct {
	OID    string `json:"oid"`
	String string `json:"string"` // StringPrintable or StringUTF8
	Tag    string `json:"tag"`    // TagNone, TagExplicit or TagImplicit: how a context tag is put on the string
	Number int    `json:"number"` // of the context tag, 0 without one
}

// String types and ways of tagging.
const (
	StringPrintable = "printable"
	StringUTF8      = "utf8"
	TagNone         = "none"
	TagExplicit     = "explicit"
	TagImplicit     = "implicit"
)

// Tagging is how the two optional parts of GM/T 0092's CSRResponse are tagged. The standard's module does not say, and
// drivers differ.
type Tagging struct {
	Key          string `json:"key"`          // encryptedPrivateKey [0]: TagExplicit or TagImplicit
	Certificates string `json:"certificates"` // encryptCertificate [1]: likewise
}

// OrganisationCodeOID is 1.2.156.10260.4.1.4: 企业组织机构代码, today the 统一社会信用代码, as a PrintableString.
const OrganisationCodeOID = "1.2.156.10260.4.1.4"

// OrganisationProfile is the profile of organisation certificates to begin with. base is the public address under which
// the console serves /crl and /ca, without a slash at the end.
func OrganisationProfile(base string) Profile {
	return Profile{
		V: ProfileVersion, ID: "organisation-1", Revision: 1, Type: TypeOrganisation, Years: []int{1, 2, 3, 4, 5},
		DN: []DNPart{
			{Attribute: "C", Text: "CN"},
			{Attribute: "ST", From: FromProvince},
			{Attribute: "L", From: FromLocality},
			{Attribute: "O", From: FromOrganisation},
			{Attribute: "OU", From: FromUnit, Optional: true},
			{Attribute: "CN", From: FromOrganisation},
		},
		PolicyOID:   "1.2.156.157.2.1.1",
		CRL:         []string{base + "/crl/issuing.crl"},
		CAIssuers:   []string{base + "/ca/issuing.cer"},
		Identity:    []Extension{{OID: OrganisationCodeOID, String: StringPrintable, Tag: TagNone}},
		SignUsage:   []string{"digitalSignature", "nonRepudiation"},
		EncUsage:    []string{"keyEncipherment", "dataEncipherment", "keyAgreement"},
		EncKey:      EncKeyKeep,
		CSRResponse: Tagging{Key: TagExplicit, Certificates: TagImplicit},
	}
}

// Canonical returns the profile by RFC 8785.
func (p Profile) Canonical() []byte { return canonical(p) }

// Hash is the SM3 of Canonical.
func (p Profile) Hash() Digest { return SM3(p.Canonical()) }

// Ref is how an authorisation pins the profile.
func (p Profile) Ref() ProfileRef { return ProfileRef{ID: p.ID, Hash: p.Hash().Hex()} }

// ParseProfile accepts canonical bytes only. Fails like ReadProfile, and with Invalid "profile_malformed" for any other
// way of writing the same profile.
func ParseProfile(raw []byte) (Profile, error) {
	p, err := ReadProfile(raw)
	if err == nil && !bytes.Equal(p.Canonical(), raw) {
		return Profile{}, profileFault(errNotCanonical)
	}
	return p, err
}

// ReadProfile reads a profile as a person may have written it: JSON in any form, without unknown fields. Fails with
// Invalid "profile_malformed"; its fields say what is wrong where, see Profile.Check.
func ReadProfile(raw []byte) (Profile, error) {
	var p Profile
	if err := decodeStrict(raw, &p); err != nil {
		return Profile{}, profileFault(err)
	}
	if err := p.Check(); err != nil {
		return Profile{}, err
	}
	return p, nil
}

func profileFault(cause error) error {
	return &fault.Error{Kind: fault.Invalid, Key: "profile_malformed", Cause: cause}
}
