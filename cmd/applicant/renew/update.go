package renew

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/emmansun/gmsm/smx509"
)

// The steps a driver confirms.
const (
	stepSign = "sign_certificate"
	stepEnc  = "encryption_certificate"
)

// piece is how much of the package one request asks for; small, so that a broken line loses little.
const piece = 4096

// update does what the Ukey driver does: ask, prove, fetch, check, import, confirm. On the online path the proof is also
// what authorises the new pair. Everything can be done again: another run begins here anew.
func (r *robot) update(ctx context.Context) error {
	err := r.updateOnce(ctx)
	if over[codeOf(err)] {
		r.opt.Log.WarnContext(ctx, "the update begins anew", "error", err)
		return nil // the order still stays at this stage
	}
	return err
}

// over are the problem codes of an update that is over, or whose token was lost with an answer; a driver then asks for
// another.
var over = map[string]bool{"update_void": true, "update_expired": true, "update_unknown": true, "update_token_wrong": true, "update_outdated": true, "update_proved": true}

func (r *robot) updateOnce(ctx context.Context) error {
	driver := &api{base: r.api.base, http: r.client, log: r.opt.Log, now: r.opt.Now, observe: r.opt.Observe} // a driver has no SMS login
	id, err := r.claim(ctx, driver)
	if err != nil {
		return err
	}
	raw, err := r.fetch(ctx, driver, id)
	if err != nil {
		return err
	}
	set, err := sortOut(raw)
	if err != nil {
		return err
	}
	if err := set.check(r.ukey); err != nil {
		return err
	}
	r.opt.Log.InfoContext(ctx, "certificates verified", "sign", serialOf(set.sign), "enc", serialOf(set.enc), "not_after", set.sign.NotAfter)
	if err := r.save("sign.key.pem", r.ukey.signKeyPEM); err != nil {
		return err
	}
	for _, part := range []struct {
		name, step string
		cert       *smx509.Certificate
	}{{"root.pem", "", set.root}, {"sub.pem", "", set.sub}, {"sign.pem", stepSign, set.sign}, {"enc.pem", stepEnc, set.enc}} {
		if err := r.save(part.name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: part.cert.Raw})); err != nil {
			return err
		}
		if part.step == "" {
			continue
		}
		if _, err := driver.call(ctx, http.MethodPost, "/updates/"+id+"/confirmations", map[string]string{"step": part.step}, nil); err != nil {
			return err
		}
		r.opt.Log.InfoContext(ctx, "imported", "step", part.step)
	}
	return nil
}

// answer is what the API says of an update.
type answer struct {
	ID       string `json:"id"`
	Kind     string `json:"kind"`
	State    string `json:"state"`
	ToSign   string `json:"to_sign"`
	Token    string `json:"token"`
	Sentence string `json:"sentence"`
}

// claim asks what there is for the Ukey until there is something to prove, and proves it. 202 is "not yet".
func (r *robot) claim(ctx context.Context, driver *api) (string, error) {
	var u answer
	for {
		u = answer{}
		status, err := driver.call(ctx, http.MethodPost, "/updates", map[string]string{"serial": r.opt.Serial}, &u)
		notYet := codeOf(err) == "update_not_yet"
		if err != nil && !notYet {
			return "", err
		}
		if !notYet && status != http.StatusAccepted && u.ToSign != "" {
			break
		}
		r.opt.Log.InfoContext(ctx, "no update yet", "sentence", u.Sentence)
		if err := sleep(ctx, r.opt.Poll); err != nil {
			return "", err
		}
	}
	sig, err := r.ukey.prove(u.ToSign)
	if err != nil {
		return "", err
	}
	proof := map[string]string{"signature": base64.StdEncoding.EncodeToString(sig)}
	var proved answer
	if _, err := driver.call(ctx, http.MethodPost, "/updates/"+u.ID+"/proof", proof, &proved); err != nil {
		return "", err
	}
	driver.token = proved.Token
	r.opt.Log.InfoContext(ctx, "proved", "kind", u.Kind, "state", proved.State, "sentence", proved.Sentence)
	return u.ID, r.ready(ctx, driver, u.ID)
}

// ready waits until the package can be fetched.
func (r *robot) ready(ctx context.Context, driver *api, id string) error {
	for {
		var u answer
		status, err := driver.call(ctx, http.MethodGet, "/updates/"+id, nil, &u)
		if err != nil {
			return err
		}
		if status == http.StatusOK {
			return nil
		}
		r.opt.Log.InfoContext(ctx, "package not ready", "sentence", u.Sentence)
		if err := sleep(ctx, r.opt.Poll); err != nil {
			return err
		}
	}
}

// fetch downloads the package piece by piece with Range requests, as a driver that was cut off goes on where it was.
func (r *robot) fetch(ctx context.Context, driver *api, id string) ([]byte, error) {
	var got []byte
	for {
		from := len(got)
		h := http.Header{"Range": {fmt.Sprintf("bytes=%d-%d", from, from+piece-1)}}
		part, err := driver.do(ctx, http.MethodGet, "/updates/"+id+"/package", "", nil, h)
		if err != nil {
			return nil, err
		}
		if part.status != http.StatusPartialContent {
			return part.body, nil // a server may answer the whole at once
		}
		var first, last, total int
		if _, err := fmt.Sscanf(part.header.Get("Content-Range"), "bytes %d-%d/%d", &first, &last, &total); err != nil || first != from || len(part.body) != last-first+1 {
			return nil, fmt.Errorf("package: wrong part %q of %d bytes", part.header.Get("Content-Range"), len(part.body))
		}
		got = append(got, part.body...)
		if len(got) >= total {
			return got, nil
		}
	}
}

// certificates are the four certificates of a package.
type certificates struct{ root, sub, sign, enc *smx509.Certificate }

// errPackage says that a package lacks something.
var errPackage = errors.New("the package is not complete")

// sortOut reads the certificates of a package, a PEM file, and tells them apart by what they are, not by their order.
func sortOut(raw []byte) (certificates, error) {
	var set certificates
	for rest := raw; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		c, err := smx509.ParseCertificate(block.Bytes)
		if err != nil {
			return set, fmt.Errorf("read package: %w", err)
		}
		set.place(c)
	}
	for name, c := range map[string]*smx509.Certificate{"root": set.root, "issuing CA": set.sub, "sign": set.sign, "encryption": set.enc} {
		if c == nil {
			return set, fmt.Errorf("%w: no %s certificate", errPackage, name)
		}
	}
	return set, nil
}

func (s *certificates) place(c *smx509.Certificate) {
	switch {
	case c.IsCA && string(c.RawIssuer) == string(c.RawSubject):
		s.root = c
	case c.IsCA:
		s.sub = c
	case c.KeyUsage&smx509.KeyUsageDigitalSignature != 0:
		s.sign = c
	default:
		s.enc = c
	}
}

// check verifies the new pair as a driver does before it writes to the Ukey: signatures up to the root, the Ukey's own
// keys, the right usages, the holder of the old pair, the same end for both, not the old certificates again.
func (s certificates) check(k *ukey) error {
	links := []struct {
		name          string
		child, parent *smx509.Certificate
	}{{"root", s.root, s.root}, {"issuing CA", s.sub, s.root}, {"sign", s.sign, s.sub}, {"encryption", s.enc, s.sub}}
	for _, l := range links {
		if err := l.child.CheckSignatureFrom(l.parent); err != nil {
			return fmt.Errorf("%w: %s certificate does not verify: %w", errPackage, l.name, err)
		}
	}
	const encryption = smx509.KeyUsageKeyEncipherment | smx509.KeyUsageDataEncipherment
	switch {
	case !same(k.signKey, s.sign):
		return fmt.Errorf("%w: the sign certificate is for another key", errPackage)
	case !same(k.encKey, s.enc):
		return fmt.Errorf("%w: the encryption certificate is for another key", errPackage)
	case s.enc.KeyUsage&encryption == 0 || s.enc.KeyUsage&smx509.KeyUsageDigitalSignature != 0:
		return fmt.Errorf("%w: the encryption certificate has the wrong key usage", errPackage)
	case string(s.sign.RawSubject) != string(k.sign.RawSubject), string(s.enc.RawSubject) != string(k.enc.RawSubject):
		return fmt.Errorf("%w: the subject is not the old one", errPackage)
	case !s.sign.NotAfter.Equal(s.enc.NotAfter):
		return fmt.Errorf("%w: the pair ends at different times", errPackage)
	case !s.sign.NotAfter.After(k.sign.NotAfter), s.sign.NotAfter.After(s.sub.NotAfter):
		return fmt.Errorf("%w: the end %s does not fit", errPackage, s.sign.NotAfter.Format(time.RFC3339))
	case s.sign.SerialNumber.Cmp(k.sign.SerialNumber) == 0, s.sign.SerialNumber.Cmp(s.enc.SerialNumber) == 0:
		return fmt.Errorf("%w: a serial number comes twice", errPackage)
	}
	return nil
}
