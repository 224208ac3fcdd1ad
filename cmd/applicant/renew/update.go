package renew

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
)

// The steps a driver confirms.
const (
	stepSign = "sign_certificate"
	stepKey  = "encryption_key" // where there is a new one
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
	if err := set.check(r.ukey, r.rekey); err != nil {
		return err
	}
	r.opt.Log.InfoContext(ctx, "certificates verified", "sign", serialOf(set.sign), "enc", serialOf(set.enc), "not_after", set.sign.NotAfter)
	return r.install(set, func(step string) error {
		_, err := driver.call(ctx, http.MethodPost, "/updates/"+id+"/confirmations", map[string]string{"step": step}, nil)
		if err == nil {
			r.opt.Log.InfoContext(ctx, "imported", "step", step)
		}
		return err
	})
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
		ask := map[string]string{"serial": r.opt.Serial}
		if r.rekey != nil {
			ask["csr"] = base64.StdEncoding.EncodeToString(r.rekey.csr)
		}
		status, err := driver.call(ctx, http.MethodPost, "/updates", ask, &u)
		if codeOf(err) == "csr_required" && r.rekey == nil {
			if err := r.keepRekey(); err != nil {
				return "", err
			}
			continue
		}
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
	sig, err := r.ukey.prove(u.ToSign, r.rekey)
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
