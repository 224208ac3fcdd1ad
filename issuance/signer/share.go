package signer

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

const (
	// shareRounds of PBKDF2-HMAC-SM3 take about 0.15 s of one core, once for each share that is made or given.
	shareRounds    = 310_000
	shareRoundsMax = 10_000_000 // a file that asks for more is not one of ours
	shareSalt      = 16         // octets
	kekOctets      = 16         // SM4
)

// MinPassphrase is the shortest passphrase of an officer, in bytes.
const MinPassphrase = 12

// shareFile is one officer's share as it is handed over: sealed under the officer's passphrase.
type shareFile struct {
	V        int    `json:"v"`
	Ceremony string `json:"ceremony"`
	Login    string `json:"login"`
	Index    int    `json:"index"`
	Needed   int    `json:"needed"` // of Shares
	Shares   int    `json:"shares"`
	Rounds   int    `json:"rounds"` // of PBKDF2-HMAC-SM3
	Salt     []byte `json:"salt"`
	sealed
}

func (f shareFile) bound() []byte {
	return fmt.Appendf(nil, "caconsole/share/%d\n%s\n%s\n%d\n%d\n%d", f.V, f.Ceremony, f.Login, f.Index, f.Needed, f.Shares)
}

// sealShare makes the content of an officer's file.
func sealShare(s cert.Share, needed, shares int, passphrase []byte, rounds int) ([]byte, error) {
	f := shareFile{
		V: 1, Ceremony: s.Ceremony, Login: s.Login, Index: s.Index, Needed: needed, Shares: shares, Rounds: rounds, Salt: make([]byte, shareSalt),
	}
	if _, err := rand.Read(f.Salt); err != nil {
		return nil, err
	}
	key, err := stretch(passphrase, f.Salt, rounds)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	if f.sealed, err = seal(key, s.Value, f.bound()); err != nil {
		return nil, err
	}
	raw, err := json.MarshalIndent(f, "", "  ")
	return append(raw, '\n'), err
}

// OpenShare opens an officer's file. Fails with Invalid "share_malformed", Forbidden "passphrase_wrong".
func OpenShare(raw, passphrase []byte) (cert.Share, error) {
	var f shareFile
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil || f.V != 1 || f.Rounds < 1 || f.Rounds > shareRoundsMax || len(f.Salt) != shareSalt || f.Login == "" {
		return cert.Share{}, &fault.Error{Kind: fault.Invalid, Key: "share_malformed", Cause: err}
	}
	key, err := stretch(passphrase, f.Salt, f.Rounds)
	if err != nil {
		return cert.Share{}, fault.Wrap("share_malformed", err)
	}
	defer clear(key)
	value, err := f.open(key, f.bound())
	if err != nil {
		return cert.Share{}, &fault.Error{Kind: fault.Forbidden, Key: "passphrase_wrong", Cause: err}
	}
	return cert.Share{Ceremony: f.Ceremony, Login: f.Login, Index: f.Index, Value: value}, nil
}

// shareDigest pins a share at init, so that a wrong one is known at once and by name. A share is 128 random bits: its
// digest gives nothing away.
func shareDigest(s cert.Share) cert.Digest {
	return cert.SM3(append(fmt.Appendf(nil, "caconsole/share-digest/1\n%s\n%s\n%d\n", s.Ceremony, s.Login, s.Index), s.Value...))
}
