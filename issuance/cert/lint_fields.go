package cert

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"github.com/emmansun/gmsm/smx509"
)

// minEntropy is the least random bits of a serial (CA/B forum's rule, which GM/T 0015 does not contradict).
const minEntropy = 64

// sm2SM3 is AlgorithmIdentifier sm2-with-sm3 (GM/T 0006) without parameters, DER.
var sm2SM3 = []byte{0x30, 0x0a, 0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75}

func lintShape(l linted) error {
	switch {
	case len(l.tbs.Raw) == 0:
		return errors.New("does not parse as TBSCertificate")
	case len(l.tbs.IssuerUniqueID.FullBytes) > 0 || len(l.tbs.SubjectUniqueID.FullBytes) > 0:
		return errors.New("has a unique identifier")
	case !bytes.Equal(l.tbs.Raw, l.cert.RawTBSCertificate):
		return errors.New("two parsers read different bytes")
	}
	return nil
}

func lintVersion(l linted) error {
	if l.cert.Version != 3 || l.tbs.Version != 2 {
		return fmt.Errorf("version %d", l.cert.Version)
	}
	return nil
}

func lintAlgorithm(l linted) error {
	var outer struct{ TBS, Algorithm, Signature asn1.RawValue }
	if _, err := asn1.Unmarshal(l.cert.Raw, &outer); err != nil {
		return err
	}
	if l.cert.SignatureAlgorithm != smx509.SM2WithSM3 || !bytes.Equal(l.tbs.Algorithm.FullBytes, sm2SM3) || !bytes.Equal(outer.Algorithm.FullBytes, sm2SM3) {
		return fmt.Errorf("signed with %v", l.cert.SignatureAlgorithm)
	}
	return nil
}

func lintSerialSame(l linted) error {
	if SerialFromInt(l.cert.SerialNumber) != l.serial {
		return errors.New("serial is not the one asked for")
	}
	return nil
}

// lintSerialRange: 1 to 2^159-1, so at most 20 octets of DER.
func lintSerialRange(l linted) error {
	if n := l.cert.SerialNumber; n.Sign() <= 0 || n.BitLen() > serialOctets*8-1 {
		return fmt.Errorf("serial of %d bits", n.BitLen())
	}
	return nil
}

// lintSerialEntropy sees that there is room for the random bits and that they do not look made up: whoever could
// guess a serial could prepare a collision. A random one has a bit run of 40 once in 2^34 certificates.
func lintSerialEntropy(l linted) error {
	n := l.cert.SerialNumber
	if n.BitLen() < minEntropy {
		return fmt.Errorf("serial of %d bits", n.BitLen())
	}
	if longestRun(n) > 40 {
		return errors.New("serial is not random")
	}
	return nil
}

func longestRun(n *big.Int) int {
	best, run := 0, 0
	for i := range n.BitLen() {
		if i > 0 && n.Bit(i) == n.Bit(i-1) {
			run++
		} else {
			run = 1
		}
		best = max(best, run)
	}
	return best
}

func lintSerialsDiffer(l linted) error {
	if l.spec.SignSerial == l.spec.EncSerial {
		return errors.New("one serial for both certificates")
	}
	return nil
}

func lintIssuer(l linted) error {
	if !bytes.Equal(l.cert.RawIssuer, l.ca.RawSubject) || !bytes.Equal(l.tbs.Issuer.FullBytes, l.ca.RawSubject) {
		return errors.New("issuer is not the CA's subject")
	}
	return nil
}

func lintIssuerCanSign(l linted) error {
	if !l.ca.BasicConstraintsValid || !l.ca.IsCA || l.ca.KeyUsage&smx509.KeyUsageCertSign == 0 {
		return errors.New("the issuing certificate is not one of a CA")
	}
	return nil
}

func lintSubject(l linted) error {
	if !bytes.Equal(l.cert.RawSubject, l.spec.Subject) || !bytes.Equal(l.tbs.Subject.FullBytes, l.spec.Subject) {
		return errors.New("subject is not the one asked for")
	}
	if bytes.Equal(l.cert.RawSubject, l.ca.RawSubject) {
		return errors.New("subject is the CA")
	}
	return nil
}

func lintDatesSame(l linted) error {
	if !l.cert.NotBefore.Equal(l.spec.NotBefore) || !l.cert.NotAfter.Equal(l.spec.NotAfter) {
		return errors.New("validity is not the one asked for")
	}
	return nil
}

func lintDatesOrder(l linted) error {
	if !l.cert.NotBefore.Before(l.cert.NotAfter) {
		return errors.New("ends before it begins")
	}
	return nil
}

func lintDatesInCA(l linted) error {
	if l.cert.NotAfter.After(l.ca.NotAfter) || l.cert.NotBefore.Before(l.ca.NotBefore) {
		return errors.New("validity lies outside the issuing certificate's")
	}
	return nil
}

// lintKeySame compares the bytes too: the key stands as id-ecPublicKey with the SM2 curve, however it came.
func lintKeySame(l linted) error {
	got, ok := l.cert.PublicKey.(*ecdsa.PublicKey)
	if !ok || l.key == nil || !got.Equal(l.key) {
		return errors.New("public key is not the one asked for")
	}
	if spki, err := EncodeKey(l.key); err != nil || !bytes.Equal(spki, l.tbs.PublicKey.FullBytes) {
		return errors.New("public key is not written the usual way")
	}
	return nil
}

func lintKeysDiffer(l linted) error {
	if l.spec.SignKey == nil || l.spec.EncKey == nil || l.spec.SignKey.Equal(l.spec.EncKey) {
		return errors.New("one key in both certificates")
	}
	ca, ok := l.ca.PublicKey.(*ecdsa.PublicKey)
	if ok && ca.Equal(l.key) {
		return errors.New("the key is the CA's")
	}
	return nil
}
