package signer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"caconsole/issuance/cert"
)

// Settings are what init fixes for the life of a data directory besides the certificates, the first profile and the
// first registry.
type Settings struct {
	V int `json:"v"`
	// SoftwareKeys allows approval keys that lie in software. For demonstrations only.
	SoftwareKeys bool `json:"software_keys"`
	// SM2Only refuses passkeys and delegations: every approval is a Ukey's SM2 signature.
	SM2Only  bool              `json:"sm2_only"`
	Party    cert.RelyingParty `json:"party"` // for whom passkeys sign; empty where there are none
	CRLHours int               `json:"crl_hours"`
	Ceremony string            `json:"ceremony"` // id of the key ceremony
	Needed   int               `json:"needed"`   // shares that open the key
	Shares   []shareRef        `json:"shares"`
}

// shareRef is an officer's share as the signer knows it.
type shareRef struct {
	Login  string `json:"login"`
	Index  int    `json:"index"`
	Digest string `json:"digest"` // see shareDigest
}

// maxCRLHours is the longest a revocation list may hold: a month and a day.
const maxCRLHours = 32 * 24

func (s Settings) crlLife() time.Duration { return time.Duration(s.CRLHours) * time.Hour }

// check finds what is wrong with the settings a person chose.
func (s Settings) check() error {
	if s.CRLHours < 1 || s.CRLHours > maxCRLHours {
		return fmt.Errorf("revocation lists that hold %d hours", s.CRLHours)
	}
	if s.SM2Only {
		if s.Party.ID != "" || len(s.Party.Origins) > 0 {
			return errors.New("SM2 only, and yet a host for passkeys")
		}
		return nil
	}
	for _, o := range s.Party.Origins {
		u, err := url.Parse(o)
		if err != nil || u.Scheme+"://"+u.Host != o || u.Scheme != "https" && u.Hostname() != "localhost" {
			return fmt.Errorf("origin %q is no https://host[:port]", o)
		}
		if h := u.Hostname(); h != s.Party.ID && !isBelow(h, s.Party.ID) {
			return fmt.Errorf("origin %q is not of the host %q", o, s.Party.ID)
		}
	}
	if (s.Party.ID == "") != (len(s.Party.Origins) == 0) {
		return errors.New("a host for passkeys needs its origins, and the other way round")
	}
	return nil
}

func isBelow(host, domain string) bool {
	return domain != "" && len(host) > len(domain) && host[len(host)-len(domain)-1:] == "."+domain
}

// parseSettings reads the pinned file.
func parseSettings(raw []byte) (Settings, error) {
	var s Settings
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return Settings{}, err
	}
	if s.V != 1 || s.Needed < 1 || s.Needed > len(s.Shares) {
		return Settings{}, fmt.Errorf("version %d, %d of %d shares", s.V, s.Needed, len(s.Shares))
	}
	return s, s.check()
}

// share finds what is known of a share that is given.
func (s Settings) share(given cert.Share) (shareRef, bool) {
	i := slices.IndexFunc(s.Shares, func(r shareRef) bool { return r.Login == given.Login && r.Index == given.Index })
	if i < 0 || given.Ceremony != s.Ceremony {
		return shareRef{}, false
	}
	return s.Shares[i], true
}

// rules are what the settings say about keys.
func (s Settings) rules() cert.TrustRules {
	return cert.TrustRules{SoftwareKeys: s.SoftwareKeys, SM2Only: s.SM2Only, Party: s.Party}
}
