package flow

import (
	"context"

	"caconsole/admin/fault"
)

// CACertificate returns a certificate above those we issue, DER: issuing.cer or root.cer. NotFound "ca_certificate_unknown" for
// any other name; Unavailable "signer_unknown" before the signer was first heard.
func (f *Flow) CACertificate(ctx context.Context, name string) ([]byte, error) {
	if name != "issuing.cer" && name != "root.cer" {
		return nil, fault.New(fault.NotFound, "ca_certificate_unknown", nil)
	}
	by, err := f.Issuance.Authority(ctx, f.DB.Read(ctx))
	if err != nil {
		return nil, err
	}
	if name == "root.cer" {
		return by.Root, nil
	}
	return by.CA, nil
}
