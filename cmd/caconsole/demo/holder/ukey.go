package holder

import (
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"caconsole/issuance/cert"
)

// Ukey is a medium in software: two key pairs and their certificates.
type Ukey struct {
	Company  Company
	Medium   string // 介质编号
	Keys     string // cert.KeepKeys or cert.CSRKeys: where its next pair's keys come from
	Serial   string // of the sign certificate, lower-case hex
	NotAfter time.Time
	Pair     cert.Pair

	sign, enc *sm2.PrivateKey
}

// Beijing is the zone in which certificates end with a day.
var Beijing = time.FixedZone("CST", 8*3600)

// mediums is how the medium numbers of each project begin, by its key rule.
var mediums = map[string]string{cert.KeepKeys: "3888", cert.CSRKeys: SecondPrefix}

// SecondPrefix is how the medium numbers (介质编号) of the project begin that re-keys.
const SecondPrefix = "3889"

// NewUkey issues the n-th Ukey by an earlier CA, valid for some years up to the end of a day in Beijing. keys tells its
// project.
func NewUkey(ca cert.Issuer, profile cert.Profile, c Company, keys string, n, years int, lastDay time.Time) (Ukey, error) {
	y, m, d := lastDay.In(Beijing).Date()
	u := Ukey{
		Company: c, Medium: fmt.Sprintf("%s%08d", mediums[keys], 1_010_000+n*13), Keys: keys, NotAfter: time.Date(y, m, d, 23, 59, 59, 0, Beijing),
	}
	var err error
	if u.sign, err = sm2.GenerateKey(rand.Reader); err != nil {
		return u, err
	}
	if u.enc, err = sm2.GenerateKey(rand.Reader); err != nil {
		return u, err
	}
	subject, err := cert.Name{Country: "CN", Organisation: c.Name, CommonName: c.Name}.DER()
	if err != nil {
		return u, err
	}
	spec := cert.Spec{
		Profile: profile, Subject: subject, Identity: c.CreditCode, NotBefore: u.NotAfter.AddDate(-years, 0, 0).Add(time.Second), NotAfter: u.NotAfter,
		SignKey: &u.sign.PublicKey, EncKey: &u.enc.PublicKey,
	}
	if spec.SignSerial, err = cert.NewSerial(rand.Reader); err != nil {
		return u, err
	}
	if spec.EncSerial, err = cert.NewSerial(rand.Reader); err != nil {
		return u, err
	}
	u.Serial = string(spec.SignSerial)
	u.Pair, err = cert.Build(nil, ca, spec)
	return u, err
}

// Prove signs what the console asks a driver to sign: SM2-SM3, default ID, DER.
func (u Ukey) Prove(toSign string) ([]byte, error) {
	return u.sign.Sign(rand.Reader, []byte(toSign), sm2.DefaultSM2SignerOpts)
}

// Write leaves the Ukey in a folder of its serial number, for a driver to find.
func (u Ukey) Write(dir string) error {
	dir = filepath.Join(dir, u.Serial)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	meta, err := json.MarshalIndent(map[string]string{
		"serial": u.Serial, "medium_no": u.Medium, "holder": u.Company.Name, "org_number": u.Company.CreditCode,
		"not_after": u.NotAfter.Format(time.RFC3339), "keys": u.Keys,
	}, "", "  ")
	if err != nil {
		return err
	}
	signKey, err := keyPEM(u.sign)
	if err != nil {
		return err
	}
	encKey, err := keyPEM(u.enc)
	if err != nil {
		return err
	}
	write := func(name string, content []byte) error { return os.WriteFile(filepath.Join(dir, name), content, 0o600) }
	return errors.Join(
		write("sign.key.pem", signKey), write("enc.key.pem", encKey), write("meta.json", append(meta, '\n')),
		write("sign.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: u.Pair.Sign})),
		write("enc.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: u.Pair.Enc})),
	)
}

func keyPEM(key *sm2.PrivateKey) ([]byte, error) {
	der, err := smx509.MarshalPKCS8PrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}
