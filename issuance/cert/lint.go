package cert

import (
	"crypto/ecdsa"
	"encoding/asn1"
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
)

// Levels of a finding.
const (
	LevelOK     = "ok"
	LevelNotice = "notice" // worth a look; does not stop the issuance
	LevelError  = "error"
)

// Finding is what one rule found in one certificate. Rule is a word of LintRules; Detail is for the log and for
// specialists, in English.
type Finding struct {
	Kind   Kind   `json:"kind"`
	Rule   string `json:"rule"`
	Level  string `json:"level"`
	Detail string `json:"detail"`
}

// lintRule is one thing that must hold. smx509 builds whatever its template says, a serial of 21 octets or a validity
// that ends before it begins included, so nothing is taken for granted: each field of the certificate that was read
// back is compared with what it was to be made from.
type lintRule struct {
	name  string
	check func(linted) error
}

// linted is a certificate that was read back, and what it was made from.
type linted struct {
	cert, ca *smx509.Certificate
	tbs      tbsShape
	spec     Spec
	kind     Kind
	serial   Serial
	key      *ecdsa.PublicKey
	usages   []string // by name
}

// notice marks an error that does not stop the issuance.
type notice struct{ error }

// lintRules are all rules, in the order in which a screen lists them. Sources: RFC 5280, GM/T 0015 and GB/T 20518
// (format, usages of the two certificates), GB 32100 and GB 11714 (check digits), GM/T 0009 (algorithm).
var lintRules = []lintRule{
	{"tbs_fields", lintShape},
	{"version", lintVersion},
	{"algorithm", lintAlgorithm},
	{"serial_same", lintSerialSame},
	{"serial_range", lintSerialRange},
	{"serial_entropy", lintSerialEntropy},
	{"serials_differ", lintSerialsDiffer},
	{"issuer_same", lintIssuer},
	{"issuer_can_sign", lintIssuerCanSign},
	{"subject_same", lintSubject},
	{"dn_form", lintDNForm},
	{"dn_order", lintDNOrder},
	{"dn_strings", lintDNStrings},
	{"dn_text", lintDNText},
	{"dn_lengths", lintDNLengths},
	{"dates_same", lintDatesSame},
	{"dates_order", lintDatesOrder},
	{"dates_in_ca", lintDatesInCA},
	{"key_same", lintKeySame},
	{"keys_differ", lintKeysDiffer},
	{"extensions_once", lintExtensionsOnce},
	{"critical", lintCritical},
	{"key_usage", lintKeyUsage},
	{"key_usage_split", lintKeyUsageSplit},
	{"not_a_ca", lintNotACA},
	{"subject_key_id", lintSubjectKeyID},
	{"authority_key_id", lintAuthorityKeyID},
	{"policy", lintPolicy},
	{"crl_address", lintCRLAddress},
	{"ca_address", lintCAAddress},
	{"identity", lintIdentity},
	{"credit_code", lintCreditCode},
}

// LintRules are the names of all rules, for the catalogue of sentences ("lint_" + name).
func LintRules() []string {
	out := make([]string, len(lintRules))
	for i, r := range lintRules {
		out[i] = r.name
	}
	return out
}

// tbsShape is TBSCertificate of RFC 5280 4.1 as we make it, read by a parser of its own: what smx509 passes over in
// silence (unique identifiers, a second algorithm) is seen here.
type tbsShape struct {
	Raw             asn1.RawContent
	Version         int `asn1:"explicit,tag:0"`
	Serial          asn1.RawValue
	Algorithm       asn1.RawValue
	Issuer          asn1.RawValue
	Validity        asn1.RawValue
	Subject         asn1.RawValue
	PublicKey       asn1.RawValue
	IssuerUniqueID  asn1.RawValue `asn1:"optional,tag:1"`
	SubjectUniqueID asn1.RawValue `asn1:"optional,tag:2"`
	Extensions      asn1.RawValue `asn1:"optional,explicit,tag:3"`
}

// lint applies every rule to a certificate that was read back.
func lint(c, ca *smx509.Certificate, s Spec, kind Kind) []Finding {
	l := linted{cert: c, ca: ca, spec: s, kind: kind, serial: s.SignSerial, key: s.SignKey, usages: s.Profile.SignUsage}
	if kind == Enc {
		l.serial, l.key, l.usages = s.EncSerial, s.EncKey, s.Profile.EncUsage
	}
	if rest, err := asn1.Unmarshal(c.RawTBSCertificate, &l.tbs); err != nil || len(rest) > 0 {
		l.tbs = tbsShape{} // lintShape says so
	}
	out := make([]Finding, 0, len(lintRules))
	for _, r := range lintRules {
		f := Finding{Kind: kind, Rule: r.name, Level: LevelOK}
		if err := r.check(l); err != nil {
			f.Level, f.Detail = LevelError, err.Error()
			if errors.As(err, new(notice)) {
				f.Level = LevelNotice
			}
		}
		out = append(out, f)
	}
	return out
}

// lintFault makes the fault of what was found: Invalid "certificate_lint" with one field for each error, named kind.rule
// and keyed "lint_" + rule. Nil where there is no error.
func lintFault(found []Finding) error {
	out := &fault.Error{Kind: fault.Invalid, Key: "certificate_lint"}
	var causes []error
	for _, f := range found {
		if f.Level != LevelError {
			continue
		}
		if out.Args == nil {
			out.Args = fault.Args{"kind": string(f.Kind)}
		}
		out.Fields = append(out.Fields, fault.Field{Name: string(f.Kind) + "." + f.Rule, Key: "lint_" + f.Rule})
		causes = append(causes, fmt.Errorf("%s certificate, %s: %s", f.Kind, f.Rule, f.Detail))
	}
	if len(causes) == 0 {
		return nil
	}
	out.Cause = errors.Join(causes...)
	return out
}
