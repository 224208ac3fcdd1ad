package kmc

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"math/big"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"
	"github.com/emmansun/gmsm/smx509"

	"caconsole/cmd/applicant/vendors/shelf"
)

// identity is the centre's own key and certificate, one record.
type identity struct {
	Private []byte `json:"private"`
	Cert    []byte `json:"cert"`
}

// open returns the centre's identity, made at the first start.
func open(s *shelf.Shelf[identity], now time.Time) (*sm2.PrivateKey, *smx509.Certificate, error) {
	const record = "centre"
	id, have := s.Get(record)
	if !have {
		var err error
		if id, err = newIdentity(now); err != nil {
			return nil, nil, err
		}
		if id, _, err = s.Add(record, id); err != nil {
			return nil, nil, err
		}
	}
	key, err := sm2.NewPrivateKey(id.Private)
	if err != nil {
		return nil, nil, err
	}
	cert, err := smx509.ParseCertificate(id.Cert)
	return key, cert, err
}

func newIdentity(now time.Time) (identity, error) {
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return identity{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128))
	if err != nil {
		return identity{}, err
	}
	tpl := &smx509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{Country: []string{"CN"}, Organization: []string{"模拟密钥管理中心"}, CommonName: "模拟KMC"},
		NotBefore: now.Add(-time.Hour).UTC().Truncate(time.Second), NotAfter: now.AddDate(10, 0, 0).UTC().Truncate(time.Second),
		KeyUsage: smx509.KeyUsageDigitalSignature,
	}
	der, err := smx509.CreateCertificate(rand.Reader, tpl, tpl, key.Public(), key)
	return identity{Private: key.D.FillBytes(make([]byte, 32)), Cert: der}, err
}

// make makes a key for a request: wraps it to the sign key and signs for whom it is.
func (c *Centre) make(in request, sign *ecdsa.PublicKey, digest string) (escrowed, error) {
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return escrowed{}, err
	}
	a := answer{RequestID: in.RequestID}
	if a.EncKey, err = smx509.MarshalPKIXPublicKey(key.Public()); err != nil {
		return escrowed{}, err
	}
	private := key.D.FillBytes(make([]byte, 32))
	if a.Enveloped, err = envelop(sign, &key.PublicKey, private); err != nil {
		return escrowed{}, err
	}
	sum := func(b []byte) string { s := sm3.Sum(b); return hex.EncodeToString(s[:]) }
	a.Centre = sum(c.cert.Raw)
	msg := fmt.Sprintf("caconsole/kmc/1\n%s\n%s\n%s\n%s", a.RequestID, sum(in.SignKey), sum(a.EncKey), sum(a.Enveloped))
	a.Signature, err = c.key.Sign(rand.Reader, []byte(msg), sm2.DefaultSM2SignerOpts)
	return escrowed{Digest: digest, Request: in, Private: private, Answer: a, At: c.opt.Now()}, err
}

// envelope is SM2EnvelopedKey of GB/T 35276-2017.
type envelope struct {
	Algorithm pkix.AlgorithmIdentifier
	Key       asn1.RawValue // SM2Cipher of the SM4 key
	Public    asn1.BitString
	Private   asn1.BitString // under SM4-ECB, without padding
}

// envelop wraps a private key: SM4-ECB under a random key, which the sign key's owner alone can open. It encrypts the 16
// octets of the SM4 key, never less: gmsm 0.44 sometimes cannot decrypt what it made of a single octet.
func envelop(sign, enc *ecdsa.PublicKey, private []byte) ([]byte, error) {
	secret := make([]byte, sm4.BlockSize)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	block, err := sm4.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	wrapped := make([]byte, len(private))
	for i := 0; i < len(private); i += sm4.BlockSize {
		block.Encrypt(wrapped[i:i+sm4.BlockSize], private[i:i+sm4.BlockSize])
	}
	cipher, err := sm2.EncryptASN1(rand.Reader, sign, secret)
	if err != nil {
		return nil, err
	}
	point, err := sm2.PublicKeyToECDH(enc)
	if err != nil {
		return nil, err
	}
	bits := func(b []byte) asn1.BitString { return asn1.BitString{Bytes: b, BitLength: 8 * len(b)} }
	return asn1.Marshal(envelope{
		Algorithm: pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 104, 1}, Parameters: asn1.NullRawValue},
		Key:       asn1.RawValue{FullBytes: cipher}, Public: bits(point.Bytes()), Private: bits(wrapped),
	})
}
