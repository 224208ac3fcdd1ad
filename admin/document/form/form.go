// Package form makes the renewal application form: the fields an applicant confirms, their digest, and the A4 page in
// Chinese that is printed, signed by hand, stamped with the company's red stamp, scanned and uploaded.
//
// The page is a pure function of the fields and the version: the same bytes whenever it is made again.
package form

import (
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/gowebpki/jcs"
)

// notoSansSC is Noto Sans SC Regular, SIL Open Font License 1.1 (NotoSansSC-LICENSE.txt): the one font this system
// draws Chinese with.
//
//go:embed NotoSansSC-Regular.ttf
var notoSansSC []byte

// TTF returns the font file, for others that draw Chinese. It must not be written to.
func TTF() []byte { return notoSansSC }

// Fields are what the applicant confirms by signing the form. All of them are part of the digest; numbers that
// identify a person are printed masked, for the paper passes through many hands.
type Fields struct {
	Authority     string   `json:"authority"` // who receives the application; empty leaves the line out
	Project       string   `json:"project"`
	CertType      string   `json:"cert_type"` // such as 机构证书
	Years         int      `json:"years"`
	Holder        string   `json:"holder"`
	OrgIDKind     string   `json:"org_id_kind"` // as printed, such as 统一社会信用代码
	OrgIDNumber   string   `json:"org_id_number"`
	LegalName     string   `json:"legal_name"`
	LegalIDNumber string   `json:"legal_id_number"` // may be empty
	AgentName     string   `json:"agent_name"`
	AgentIDNumber string   `json:"agent_id_number"`
	AgentPhone    string   `json:"agent_phone"`
	AgentEmail    string   `json:"agent_email"`
	MediumNo      string   `json:"medium_no"`
	Serial        string   `json:"serial"`    // of the old certificate
	NotAfter      string   `json:"not_after"` // of the old certificate, 2026-11-15
	InvoiceTitle  string   `json:"invoice_title"`
	Agreements    []string `json:"agreements"` // titles, without 《》
}

// LogValue keeps the fields out of logs.
func (f Fields) LogValue() slog.Value { return slog.StringValue("***") }

// Version says which frozen version of an order's form is printed.
type Version struct {
	OrderNo string
	Number  int       // from 1
	At      time.Time // when the applicant confirmed it
}

// Digest is the SM3 over the canonical JSON (RFC 8785) of the order number and the fields, 32 bytes. Two versions of
// an order's form differ by their digest or not at all.
func (f Fields) Digest(orderNo string) ([]byte, error) {
	plain, err := json.Marshal(struct {
		Order  string `json:"order"`
		Fields Fields `json:"fields"`
	}{orderNo, f})
	if err != nil {
		return nil, fmt.Errorf("form: fields: %w", err)
	}
	body, err := jcs.Transform(plain)
	if err != nil {
		return nil, fmt.Errorf("form: fields: %w", err)
	}
	sum := sm3.Sum(body)
	return sum[:], nil
}

// codePrefix marks the QR codes of this form, first edition.
const codePrefix = "CAFORM1"

// Code is the text in the form's QR code: CAFORM1|order number|version|digest in hex. Whoever reads a scan back knows
// by it which order and which version was signed.
func Code(orderNo string, version int, digest []byte) string {
	return fmt.Sprintf("%s|%s|%d|%s", codePrefix, orderNo, version, hex.EncodeToString(digest))
}
