package demo

import (
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"caconsole/cmd/applicant/ports"
	"caconsole/cmd/applicant/vendors/kmc"
	"caconsole/cmd/applicant/vendors/trouble"
	"caconsole/cmd/caconsole/app"
)

// Files between the console and the simulated key centre. The signer believes the centre's certificate from its
// ceremony on, so that all of it is made with the data and never after.
const (
	keyCentreFolder    = "kmc"
	keyCentreCrt       = "centre.pem"
	keyCentreKey       = "requester_key.pem"
	keyCentrePublicKey = "requester_pub_key.pem"
)

// appointKeyCentre has the simulated centre make its own key, in the records it will run on, and the console one that
// signs its requests. It returns the centre's certificate.
func (d *demo) appointKeyCentre(now func() time.Time) (*smx509.Certificate, error) {
	centre, err := kmc.New(kmc.Options{
		State: d.path("vendors", ports.KMC), Troubles: &trouble.List{}, Now: now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, fmt.Errorf("key centre: %w", err)
	}
	own, err := smx509.ParseCertificate(centre.Certificate())
	if err != nil {
		return nil, fmt.Errorf("key centre: %w", err)
	}
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	private, err1 := smx509.MarshalPKCS8PrivateKey(key)
	public, err2 := smx509.MarshalPKIXPublicKey(key.Public())
	if err := errors.Join(err1, err2, os.MkdirAll(d.file(keyCentreFolder), 0o700)); err != nil {
		return nil, err
	}
	write := func(name, kind string, der []byte) error {
		return os.WriteFile(d.file(keyCentreFolder, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
	}
	return own, errors.Join(
		write(keyCentreKey, "PRIVATE KEY", private), write(keyCentrePublicKey, "PUBLIC KEY", public), write(keyCentreCrt, "CERTIFICATE", own.Raw),
	)
}

// keyCentreArgs are the centre's side; a data folder of an earlier version has none, and nothing in it re-keys.
func (d *demo) keyCentreArgs() []string {
	if !exists(d.file(keyCentreFolder)) {
		return nil
	}
	return []string{"--kmc-requester", d.file(keyCentreFolder, keyCentrePublicKey)}
}

// keyCentre is the console's side.
func (d *demo) keyCentre(vendors string) app.KMC {
	if !exists(d.file(keyCentreFolder)) {
		return app.KMC{}
	}
	return app.KMC{URL: vendors, Key: d.file(keyCentreFolder, keyCentreKey), Centre: d.file(keyCentreFolder, keyCentreCrt)}
}
