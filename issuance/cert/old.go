package cert

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
)

// Old is the pair that is being renewed.
type Old struct {
	Sign, Enc *smx509.Certificate
}

// ParseOld reads the DER of an old pair. Fails with Invalid "old_pair_unusable" unless both are SM2 certificates with
// the same subject and different keys.
func ParseOld(p Pair) (Old, error) {
	o, err := parseOld(p)
	if err != nil {
		return Old{}, &fault.Error{Kind: fault.Invalid, Key: "old_pair_unusable", Cause: err}
	}
	return o, nil
}

func parseOld(p Pair) (Old, error) {
	sign, err := smx509.ParseCertificate(p.Sign)
	if err != nil {
		return Old{}, fmt.Errorf("sign certificate: %w", err)
	}
	enc, err := smx509.ParseCertificate(p.Enc)
	if err != nil {
		return Old{}, fmt.Errorf("encryption certificate: %w", err)
	}
	signKey, err := sm2Key(sign.PublicKey)
	if err != nil {
		return Old{}, err
	}
	encKey, err := sm2Key(enc.PublicKey)
	if err != nil {
		return Old{}, err
	}
	if signKey.Equal(encKey) {
		return Old{}, errors.New("one key in both certificates")
	}
	if !bytes.Equal(sign.RawSubject, enc.RawSubject) {
		return Old{}, errors.New("the two certificates name different holders")
	}
	return Old{Sign: sign, Enc: enc}, nil
}

// End is when the pair runs out: with its sign certificate.
func (o Old) End() time.Time { return o.Sign.NotAfter }

// Digests are the SM3 digests of both certificates.
func (o Old) Digests() OldDigests {
	return OldDigests{Sign: SM3(o.Sign.Raw).Hex(), Enc: SM3(o.Enc.Raw).Hex()}
}
