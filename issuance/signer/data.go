package signer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/emmansun/gmsm/smx509"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
)

// data is what init fixed, read back.
type data struct {
	settings Settings
	root, ca *smx509.Certificate
	issuers  []*smx509.Certificate // of old pairs: the CA itself and those named at init
	centres  []*smx509.Certificate // key management centres whose keys may be certified
	profile  cert.Profile          // the first one
	trust    *cert.Trust           // the first registry
	keyFile  []byte                // the sealed CA key; nil where it lies in a device
}

// loadData reads the pinned files and compares them with the journal's first record. Fails with Conflict
// "signer_data_changed", naming the file, or as Internal "signer_data_unusable".
func loadData(dir string, first Record) (data, error) {
	var body initBody
	if err := json.Unmarshal(first.Body, &body); err != nil {
		return data{}, fault.Wrap("signer_data_unusable", err)
	}
	files := map[string][]byte{}
	for _, name := range pinnedFiles {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return data{}, fault.Wrap("signer_data_unusable", err)
		}
		if cert.SM3(raw).Hex() != body.Files[name] {
			return data{}, fault.New(fault.Conflict, "signer_data_changed", fault.Args{"file": name})
		}
		files[name] = raw
	}
	d, err := parseData(files)
	if err != nil {
		return d, fault.Wrap("signer_data_unusable", err)
	}
	d.keyFile, err = os.ReadFile(filepath.Join(dir, fileCAKey))
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	return d, fault.Wrap("signer_data_unusable", err)
}

func parseData(files map[string][]byte) (data, error) {
	var d data
	var err error
	if d.settings, err = parseSettings(files[fileSettings]); err != nil {
		return data{}, err
	}
	if d.root, err = onlyCertificate(files[fileRoot]); err != nil {
		return data{}, err
	}
	if d.ca, err = onlyCertificate(files[fileCA]); err != nil {
		return data{}, err
	}
	if d.issuers, err = ParseCertificates(files[fileOld]); err != nil {
		return data{}, err
	}
	d.issuers = append(d.issuers, d.ca)
	if d.centres, err = ParseCertificates(files[fileCentres]); err != nil {
		return data{}, err
	}
	if d.profile, err = cert.ParseProfile(files[fileProfile]); err != nil {
		return data{}, err
	}
	var r cert.Registry
	if err := json.Unmarshal(files[fileRegistry], &r); err != nil {
		return data{}, err
	}
	if err := r.Check(); err != nil {
		return data{}, err
	}
	d.trust, err = cert.NewTrust(d.settings.rules(), r)
	return d, err
}

func onlyCertificate(raw []byte) (*smx509.Certificate, error) {
	certs, err := ParseCertificates(raw)
	if err != nil {
		return nil, err
	}
	if len(certs) != 1 {
		return nil, fmt.Errorf("%d certificates where one belongs", len(certs))
	}
	return certs[0], nil
}

// trusted checks that issuers this signer knows made the old pair: a console could otherwise invent a holder.
func (d data) trusted(o cert.Old) error {
	for _, c := range []*smx509.Certificate{o.Sign, o.Enc} {
		err := errors.New("issuer is not on the list")
		for _, issuer := range d.issuers {
			if bytes.Equal(issuer.RawSubject, c.RawIssuer) {
				if err = c.CheckSignatureFrom(issuer); err == nil {
					break
				}
			}
		}
		if err != nil {
			return &fault.Error{Kind: fault.Forbidden, Key: "old_pair_untrusted", Cause: err}
		}
	}
	return nil
}
