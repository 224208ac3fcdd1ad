package flow

import (
	"context"
	"encoding/pem"
	"slices"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/board"
	"caconsole/admin/fault"
	"caconsole/issuance"
	"caconsole/issuance/cert"
)

// CertificateView is a pair as the inventory shows it.
type CertificateView struct {
	issuance.Pair
	SignFacts issuance.Facts
	EncFacts  issuance.Facts  // zero where there is no encryption certificate
	Authority *issuance.Facts // of the issuing CA; nil where the pair comes from another one
	Chain     error           // why the chain does not hold; nil where it does, or Authority is nil
	Family    []board.Generation
}

// ViewCertificate opens a pair by the serial of either certificate. Fails with NotFound "serial_unknown" and, on the
// field "serial", "serial_malformed" or "medium_not_serial".
func (f *Flow) ViewCertificate(ctx context.Context, a actor.Actor, serial string) (CertificateView, error) {
	q := f.DB.Read(ctx)
	p, err := f.Issuance.Find(ctx, q, a, serial)
	if err != nil {
		return CertificateView{}, err
	}
	by, err := f.Issuance.Authority(ctx, q)
	if err != nil && !fault.HasKey(err, "signer_unknown") {
		return CertificateView{}, err
	}
	v := CertificateView{Pair: p}
	if v.SignFacts, err = issuance.Read(p.Sign.DER); err != nil {
		return CertificateView{}, err
	}
	if len(p.Enc.DER) > 0 {
		if v.EncFacts, err = issuance.Read(p.Enc.DER); err != nil {
			return CertificateView{}, err
		}
	}
	if len(by.CA) > 0 {
		ca, err := issuance.Read(by.CA)
		if err != nil {
			return CertificateView{}, err
		}
		if ca.Subject == v.SignFacts.Issuer && p.Algorithm == issuance.SM2 {
			v.Authority, v.Chain = &ca, by.Verify(p.DER())
		}
	}
	v.Family, err = f.Board.Generations(ctx, a, p.ID)
	return v, err
}

// CertificateFile hands out one certificate of a pair as PEM, or the chain of its issuers; the download is on record.
// what is sign, enc or chain; fails like ViewCertificate, and with NotFound "not_found" for anything else.
func (f *Flow) CertificateFile(ctx context.Context, a actor.Actor, serial, what string) ([]byte, error) {
	p, err := f.Issuance.Find(ctx, f.DB.Read(ctx), a, serial)
	if err != nil {
		return nil, err
	}
	files := map[string][][]byte{string(cert.Sign): {p.Sign.DER}, string(cert.Enc): {p.Enc.DER}}
	if by, err := f.Issuance.Authority(ctx, f.DB.Read(ctx)); err == nil {
		files["chain"] = [][]byte{by.CA, by.Root}
	}
	ders := slices.DeleteFunc(files[what], func(der []byte) bool { return len(der) == 0 })
	if len(ders) == 0 {
		return nil, fault.New(fault.NotFound, "not_found", nil)
	}
	var out []byte
	for _, der := range ders {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return out, f.Audit.Write(ctx, a, audit.Entry{
		Action: "certificate.downloaded", Object: "certificate:" + string(p.Sign.Serial), Project: p.ProjectID, Details: map[string]any{"file": what},
	})
}
