package intake_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	mrand "math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/order"
	"caconsole/admin/pg"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
)

// keyCentre is a key management centre that keeps its word: the same request gets the same key.
type keyCentre struct {
	certtest.Centre
	t testing.TB

	sync.Mutex
	down bool
	keys map[string]issuance.KeyAnswer
}

func (k *keyCentre) set(down bool) {
	k.Lock()
	defer k.Unlock()
	k.down = down
}

func (k *keyCentre) Apply(_ context.Context, in issuance.KeyApplication) (issuance.KeyAnswer, error) {
	k.Lock()
	defer k.Unlock()
	if k.down {
		return issuance.KeyAnswer{}, fault.Down("kmc_unavailable", time.Second, nil)
	}
	id := in.RequestID.String()
	if have, ok := k.keys[id]; ok {
		return have, nil
	}
	sign, err := cert.ParseKey(in.SignKey)
	require.NoError(k.t, err)
	e, _ := k.Evidence(k.t, id, sign)
	k.keys[id] = issuance.KeyAnswer{Evidence: e, Sent: []byte("sent"), Received: []byte("received")}
	return k.keys[id], nil
}

// paid opens an order for a Ukey that still holds and has it paid, in a project that re-keys.
func (h *hall) paid(medium string) (no, serial string, ukey certtest.Holder) {
	h.t.Helper()
	no, serial, ukey, _ = h.online(medium)
	h.gate(
		no,
		func(g *order.Gates) { g.Payment, g.Method = order.Awaiting, order.WeChat },
		func(g *order.Gates) { g.Payment = order.Settled },
	)
	now := h.clock.now()
	h.tx(func(ctx context.Context, tx pg.Tx) error {
		return h.flow.Projects.Set(ctx, tx, h.project, "keys", "csr", now, now)
	})
	return no, serial, ukey
}

// session is one PC's session with the API.
type session struct {
	client
	at string
}

// begins starts a session on a PC and proves that the Ukey is in it. csr is DER, or nil.
func (h *hall) begins(serial string, ukey certtest.Holder, csr []byte) (session, reply) {
	h.t.Helper()
	ask := map[string]string{"serial": serial}
	if csr != nil {
		ask["csr"] = base64.StdEncoding.EncodeToString(csr)
	}
	pc := h.visitor()
	u := pc.post("/api/v1/updates", ask).ok(http.StatusCreated)
	s := session{client: pc, at: "/api/v1/updates/" + u.text("id")}
	proved := pc.post(s.at+"/proof", map[string]string{"signature": sign(h.t, ukey, u.text("to_sign"))})
	s.token = proved.text("token")
	return s, proved
}

// fetches downloads a package from an octet on, the line breaking now and then.
func (s session) fetches(got []byte, breaks int) []byte {
	s.t.Helper()
	for {
		from := len(got)
		spec := fmt.Sprintf("bytes=%d-", from)
		if breaks > 0 {
			spec = fmt.Sprintf("bytes=%d-%d", from, from+mrand.IntN(900))
			breaks--
		}
		r := s.get(s.at+"/package", "Range", spec).ok(http.StatusPartialContent)
		var first, last, total int
		_, err := fmt.Sscanf(r.header.Get("Content-Range"), "bytes %d-%d/%d", &first, &last, &total)
		require.NoError(s.t, err)
		require.Equal(s.t, []int{from, last - first + 1}, []int{first, len(r.body)})
		if got = append(got, r.body...); len(got) == total {
			return got
		}
	}
}

func (s session) confirms(step string) reply {
	s.t.Helper()
	return s.post(s.at+"/confirmations", map[string]string{"step": step})
}

// TestDriverResumes breaks a download at random places and goes on with it, there and on another PC: the same pair, the
// same octets. Steps count for the Ukey and not for the PC; the old pair is renewed after the last one, and no earlier.
func TestDriverResumes(t *testing.T) {
	h := newHall(t)
	no, serial, ukey := h.paid("3888000000000001")
	h.visitor().post("/api/v1/updates", map[string]string{"serial": serial}).refused(http.StatusConflict, "csr_required", "csr", "csr_required")
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	csr := certtest.CSR(t, key)
	one, proved := h.begins(serial, ukey, csr)
	require.Equal(t, "ready", proved.text("state"))
	whole := one.get(one.at + "/package").ok(http.StatusOK)
	for range 5 {
		require.Equal(t, whole.body, one.fetches(nil, 1+mrand.IntN(8)))
	}
	part := whole.body[:mrand.IntN(len(whole.body)-1)]

	one.confirms("encryption_key").refused(http.StatusConflict, "step_out_of_order", "", "")
	one.confirms("encryption_certificate").refused(http.StatusConflict, "step_out_of_order", "", "")
	require.Equal(t, "importing", one.confirms("sign_certificate").ok(http.StatusOK).text("state"))

	two, proved := h.begins(serial, ukey, csr)
	require.Equal(t, "importing", proved.text("state"), "a fresh proof on another PC goes on")
	require.NotEqual(t, one.token, two.token)
	require.Equal(t, whole.body, two.fetches(bytes.Clone(part), 3))
	stranger := session{client: one.client, at: two.at}
	stranger.get(two.at+"/package").refused(http.StatusUnauthorized, "update_token_wrong", "", "")
	two.confirms("encryption_certificate").refused(http.StatusConflict, "step_out_of_order", "", "")
	for range 2 {
		require.Equal(t, "importing", two.confirms("encryption_key").ok(http.StatusOK).text("state"))
	}
	three, _ := h.begins(serial, ukey, nil) // the new key is in the Ukey already: nothing to bring
	require.Equal(t, whole.body, three.fetches(nil, 2))
	state := func() issuance.State {
		p, err := h.flow.Issuance.Find(t.Context(), h.flow.DB.Read(t.Context()), actor.Job("test"), serial)
		require.NoError(t, err)
		return p.State
	}
	require.Equal(t, issuance.Active, state())
	for range 2 {
		require.Equal(t, "confirmed", three.confirms("encryption_certificate").ok(http.StatusOK).text("state"))
	}
	require.Equal(t, issuance.Renewed, state())
	require.Equal(t, "done", h.login(phoneA).get("/api/v1/orders/"+no).ok(http.StatusOK).text("stage"))
	h.visitor().post("/api/v1/updates", map[string]string{"serial": serial}).refused(http.StatusConflict, "already_updated", "", "")
}

// While the key centre is away the driver is told so; what was asked of it is asked again, and one key comes of it.
func TestDriverWaitsForKeyCentre(t *testing.T) {
	h := newHall(t)
	_, serial, ukey := h.paid("3888000000000001")
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	h.centre.set(true)
	pc, proved := h.begins(serial, ukey, certtest.CSR(t, key))
	require.Equal(t, []any{http.StatusAccepted, "waiting"}, []any{proved.status, proved.text("state")})
	require.Contains(t, proved.text("sentence"), "密钥管理中心")
	require.Contains(t, pc.get(pc.at+"/package").ok(http.StatusAccepted).text("sentence"), "密钥管理中心")
	h.clock.move(time.Minute)
	h.centre.set(false)
	require.NoError(t, h.flow.SweepIssues(t.Context()))
	require.Equal(t, "ready", pc.get(pc.at).ok(http.StatusOK).text("state"))
	require.Len(t, h.centre.keys, 1)
}

// A signer that waits for its officers after a restart: the driver has its token and a sentence, and the pair comes.
func TestDriverWaitsForSigner(t *testing.T) {
	h := newHall(t)
	_, serial, ukey := h.paid("3888000000000001")
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	h.signer.set(true)
	require.NoError(t, h.flow.WatchSigner(t.Context()))
	pc, proved := h.begins(serial, ukey, certtest.CSR(t, key))
	require.Equal(t, []any{http.StatusAccepted, "waiting"}, []any{proved.status, proved.text("state")})
	require.Contains(t, proved.text("sentence"), "密钥管理员")
	h.signer.set(false)
	h.clock.move(time.Minute)
	require.NoError(t, h.flow.WatchSigner(t.Context()))
	require.NoError(t, h.flow.SweepIssues(t.Context()))
	require.Equal(t, "ready", pc.get(pc.at).ok(http.StatusOK).text("state"))
}

// openssl runs OpenSSL in a folder.
type openssl struct {
	t   *testing.T
	dir string
}

func (o openssl) run(args ...string) string {
	o.t.Helper()
	cmd := exec.Command("openssl", args...)
	cmd.Dir = o.dir
	out, err := cmd.CombinedOutput()
	require.NoError(o.t, err, "openssl %v\n%s", args, out)
	return string(out)
}

func (o openssl) read(name string) []byte {
	o.t.Helper()
	b, err := os.ReadFile(filepath.Join(o.dir, name))
	require.NoError(o.t, err)
	return b
}

func (o openssl) write(name string, b []byte) {
	o.t.Helper()
	require.NoError(o.t, os.WriteFile(filepath.Join(o.dir, name), b, 0o600))
}

// part cuts the n-th value at a depth out of a DER file.
func (o openssl) part(from, depth string, n int, to string) {
	o.t.Helper()
	lines := regexp.MustCompile(`(?m)^ *(\d+):d=`+depth+` `).FindAllStringSubmatch(o.run("asn1parse", "-inform", "DER", "-in", from), -1)
	require.Greater(o.t, len(lines), n, from)
	o.run("asn1parse", "-inform", "DER", "-in", from, "-strparse", lines[n][1], "-noout", "-out", to)
}

// OpenSSL plays the driver, from its own key and CSR to the encryption key it takes out of the package that the API
// hands out: it shares no code with ours.
func TestOpenSSLOpensThePackage(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	const distID = "distid:1234567812345678"
	h := newHall(t)
	_, serial, ukey := h.paid("3888000000000001")
	o := openssl{t, t.TempDir()}
	o.run("ecparam", "-name", "SM2", "-genkey", "-noout", "-out", "sign.key")
	o.run("req", "-new", "-key", "sign.key", "-sm3", "-utf8", "-subj", "/C=CN/CN=driver", "-outform", "DER", "-out", "empty.csr")
	o.run("req", "-new", "-key", "sign.key", "-sm3", "-sigopt", distID, "-utf8", "-subj", "/C=CN/CN=driver", "-outform", "DER", "-out", "sign.csr")
	h.visitor().post("/api/v1/updates", map[string]string{"serial": serial, "csr": base64.StdEncoding.EncodeToString(o.read("empty.csr"))}).
		refused(http.StatusUnprocessableEntity, "csr_empty_id", "csr", "csr_empty_id")
	pc, _ := h.begins(serial, ukey, o.read("sign.csr"))
	var certs []string
	for block, rest := pem.Decode(pc.fetches(nil, 4)); block != nil; block, rest = pem.Decode(rest) {
		name := "response.der"
		if block.Type == "CERTIFICATE" {
			name = fmt.Sprintf("%d.pem", len(certs))
			certs = append(certs, name)
			o.write(name, pem.EncodeToMemory(block))
			continue
		}
		require.Equal(t, "CSR RESPONSE", block.Type)
		o.write(name, block.Bytes)
	}
	require.Len(t, certs, 4, "sign, encryption, issuing CA, root")
	o.run("verify", "-x509_strict", "-vfyopt", distID, "-CAfile", "3.pem", "2.pem")
	o.run("verify", "-x509_strict", "-partial_chain", "-vfyopt", distID, "-CAfile", "2.pem", "0.pem", "1.pem")
	require.Equal(t, o.run("req", "-inform", "DER", "-in", "sign.csr", "-noout", "-pubkey"), o.run("x509", "-in", "0.pem", "-noout", "-pubkey"))

	o.part("response.der", "1", 1, "tagged.der")
	o.part("tagged.der", "1", 0, "envelope.der")
	o.part("envelope.der", "1", 1, "cipher.der")
	o.part("envelope.der", "1", 3, "wrapped.bin")
	o.run("pkeyutl", "-decrypt", "-inkey", "sign.key", "-in", "cipher.der", "-out", "sm4.key")
	o.run("enc", "-d", "-sm4-ecb", "-nopad", "-K", hex.EncodeToString(o.read("sm4.key")), "-in", "wrapped.bin", "-out", "d.bin")
	ec, err := hex.DecodeString("30310201010420" + hex.EncodeToString(o.read("d.bin")) + "a00a06082a811ccf5501822d")
	require.NoError(t, err)
	o.write("enc.key.der", ec)
	require.Contains(t, o.run("ec", "-inform", "DER", "-in", "enc.key.der", "-pubout"), o.run("x509", "-in", "1.pem", "-noout", "-pubkey"),
		"what the Ukey takes out is the key of the encryption certificate")
}
