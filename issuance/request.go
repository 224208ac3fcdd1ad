package issuance

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// States of a request.
const (
	RequestReserved = "reserved" // committed; the signer may or may not have executed it
	RequestRecorded = "recorded" // its pair is in the store
	RequestClosed   = "closed"   // the signer refuses it for ever
)

// Hanging is a request without an answer.
type Hanging struct {
	RequestID uuid.UUID
	OrderID   uuid.UUID
	OrderNo   string
	CreatedAt time.Time
}

// checkAnswer compares the signer's answer with the request: the console stores nothing it did not ask for.
func checkAnswer(id uuid.UUID, r cert.Request, issued cert.Issued, a Authority) error {
	err := compareAnswer(id, r, issued, a)
	if err != nil {
		return &fault.Error{Kind: fault.Internal, Key: "signer_answer_wrong", Cause: err}
	}
	return nil
}

func compareAnswer(id uuid.UUID, r cert.Request, issued cert.Issued, a Authority) error {
	if issued.RequestID != id.String() || issued.Digest != r.Digest().Hex() {
		return errors.New("answer to another request")
	}
	if _, err := cert.ParseDigest(issued.Head); err != nil {
		return err
	}
	ca, err := smx509.ParseCertificate(a.CA)
	if err != nil {
		return err
	}
	from, to := r.Validity()
	for _, c := range []struct {
		der         []byte
		serial, key string
	}{{issued.Pair.Sign, r.SignSerial, r.SignKey}, {issued.Pair.Enc, r.EncSerial, r.EncKey}} {
		x, err := smx509.ParseCertificate(c.der)
		if err != nil {
			return err
		}
		if err := x.CheckSignatureFrom(ca); err != nil {
			return err
		}
		key, err := cert.EncodeKey(x.PublicKey)
		if err != nil {
			return err
		}
		if cert.SerialFromInt(x.SerialNumber) != cert.Serial(c.serial) || base64.StdEncoding.EncodeToString(key) != c.key ||
			!x.NotBefore.Equal(from) || !x.NotAfter.Equal(to) || !bytes.Equal(x.RawIssuer, ca.RawSubject) {
			return fmt.Errorf("certificate %s is not the one asked for", c.serial)
		}
	}
	return nil
}

// signKey returns the public key of a stored sign certificate.
func signKey(der []byte) (*ecdsa.PublicKey, error) {
	c, err := smx509.ParseCertificate(der)
	if err != nil {
		return nil, fault.Wrap("certificate_unreadable", err)
	}
	raw, err := cert.EncodeKey(c.PublicKey)
	if err != nil {
		return nil, fault.Wrap("certificate_unreadable", err)
	}
	return cert.ParseKey(raw)
}

// issuedBy reports whether the CA signed the certificate.
func issuedBy(der, caDER []byte) bool {
	c, err := smx509.ParseCertificate(der)
	if err != nil {
		return false
	}
	ca, err := smx509.ParseCertificate(caDER)
	return err == nil && c.CheckSignatureFrom(ca) == nil
}
