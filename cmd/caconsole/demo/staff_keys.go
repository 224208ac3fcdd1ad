package demo

import (
	"crypto/rand"
	"encoding/pem"
	"os"
	"slices"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"caconsole/cmd/caconsole/demo/history"
	"caconsole/issuance/cert"
	"caconsole/issuance/signer"
	"caconsole/rbac"
)

// staffKeysFolder holds the private keys that staff sign with, <login>.pem. The Ukey agent reads them; the console never
// does.
const staffKeysFolder = "staff-keys"

// signing are the roles whose signatures the signer asks for.
var signing = []string{rbac.Reviewer, rbac.SecondReviewer, rbac.ReviewLead, rbac.Issuer, rbac.KeyOfficer}

// makeStaffKeys makes the key of everybody who signs, in the file that stands for the Ukey, and says whose signature the
// signer is to believe.
func (d *demo) makeStaffKeys(people []*hired) (history.StaffKeys, []signer.Approver, error) {
	if err := os.MkdirAll(d.file(staffKeysFolder), 0o700); err != nil {
		return nil, nil, err
	}
	keys, believed := history.StaffKeys{}, []signer.Approver{}
	for _, p := range people {
		if !slices.ContainsFunc(p.member.Roles, func(role string) bool { return slices.Contains(signing, role) }) {
			continue
		}
		key, err := sm2.GenerateKey(rand.Reader)
		if err != nil {
			return nil, nil, err
		}
		der, err := smx509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, nil, err
		}
		public, err := cert.EncodeKey(key.Public())
		if err != nil {
			return nil, nil, err
		}
		raw := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
		if err := os.WriteFile(d.file(staffKeysFolder, p.Login+".pem"), raw, 0o600); err != nil {
			return nil, nil, err
		}
		keys[p.member.ID] = key
		believed = append(believed, signer.Approver{
			StaffID: p.member.ID.String(), Login: p.Login, No: p.No, Roles: p.member.Roles, Kind: cert.KindSM2, PublicKey: public, Storage: signer.SoftwareKey,
		})
	}
	return keys, believed, nil
}
