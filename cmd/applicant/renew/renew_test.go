package renew

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/paper"
)

// painter is shared: reading a font takes longer than drawing with it.
var painter = sync.OnceValues(func() (*paper.Painter, error) { return paper.Open("") })

func options(t *testing.T, f *intake) Options {
	t.Helper()
	painter, err := painter()
	require.NoError(t, err, "install fonts-noto-cjk")
	return Options{
		Base: f.URL, Ukeys: f.dir, Serial: testSerial, Out: filepath.Join(t.TempDir(), "out"), Poll: 5 * time.Millisecond,
		Now: time.Now, Log: slog.New(slog.DiscardHandler), Painter: painter,
	}
}

func TestRenewFromLoginToUkey(t *testing.T) {
	t.Parallel()
	f := newIntake(t)
	o := options(t, f)
	require.NoError(t, Run(t.Context(), o))

	require.Equal(t, 1, f.created)
	require.Len(t, f.agreed, 2, "the sensitive text is a tick of its own")
	require.Equal(t, []string{"outcome=pass&step=front", "outcome=pass&step=back", "outcome=pass&step=liveness"}, f.face)
	require.Len(t, f.uploads, 3)
	require.Contains(t, f.uploads[0], form+" image/jpeg")
	require.Contains(t, f.uploads[2], "amount_fen=28000")
	require.Contains(t, f.uploads[2], "paid_on=")
	_, err := os.Stat(filepath.Join(o.Out, "statement-"+testOrder+".xlsx"))
	require.NoError(t, err)
	require.True(t, f.proved)
	require.Equal(t, []string{stepSign, stepEnc}, f.steps)
	require.True(t, f.ownKeys(), "every POST has an Idempotency-Key of its own: %v", f.keys)
	for _, name := range []string{"root.pem", "sub.pem", "sign.pem", "enc.pem"} {
		cert, err := readCertificate(filepath.Join(o.Out, name))
		require.NoError(t, err)
		require.NotNil(t, cert)
	}
	sign, err := readCertificate(filepath.Join(o.Out, "sign.pem"))
	require.NoError(t, err)
	key, err := readKey(filepath.Join(o.Out, "sign.key.pem"))
	require.NoError(t, err)
	require.True(t, same(key, sign))
	left, err := os.ReadDir(o.Out)
	require.NoError(t, err)
	require.Len(t, left, 6, "five of the Ukey, the statement, and nothing that is not there yet")
}

func TestOnlinePath(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]string{
		PayWeChat: `/_sim/wechat/pay {"code_url":"weixin://wxpay/bizpayurl?pr=x"}`,
		PayAlipay: `/_sim/alipay/pay {"qr_code":"weixin://wxpay/bizpayurl?pr=x"}`,
		"":        `/_sim/wechat/pay {"code_url":"weixin://wxpay/bizpayurl?pr=x"}`,
	} {
		f := newIntake(t)
		f.path, f.toSign = PathOnline, renewPrefix+"{}\n-"
		o := options(t, f)
		o.Path, o.Pay = PathOnline, method
		require.NoError(t, Run(t.Context(), o))
		require.Equal(t, []string{want}, f.wallet)
		require.Empty(t, f.uploads, "no papers")
		require.Empty(t, f.face, "no liveness")
		require.Len(t, f.agreed, 1, "and no consent to it")
		require.NotContains(t, f.opened, "legal_person")
		require.True(t, f.proved)
	}
}

func TestPathAskedForIsThePathTaken(t *testing.T) {
	t.Parallel()
	f := newIntake(t)
	o := options(t, f)
	o.Path = PathOnline
	err := Run(t.Context(), o)
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorContains(t, err, "takes the reviewed path")
	require.Zero(t, f.created)
}

func TestExpiredUnderWay(t *testing.T) {
	t.Parallel()
	f := newIntake(t)
	f.path, f.moves = PathOnline, true
	require.NoError(t, Run(t.Context(), options(t, f)))
	require.NotEmpty(t, f.legal, "organisation and legal person were added")
	require.Len(t, f.wallet, 1, "nothing is paid twice")
	require.Len(t, f.uploads, 2, "the money is there: no voucher")
	require.Len(t, f.face, 3)
}

func TestHandsInAgainWhatCameBack(t *testing.T) {
	t.Parallel()
	f := newIntake(t)
	f.returns = []document{{form, "returned", "stamp_unclear"}, {licence, "returned", "stamp_missing"}}
	o := options(t, f)
	o.Faults.PaleStamp = true
	require.NoError(t, Run(t.Context(), o))
	var kinds []string
	for _, u := range f.uploads {
		kinds = append(kinds, strings.Fields(u)[0])
	}
	require.Equal(t, []string{form, licence, voucher, form, licence}, kinds)
	require.Len(t, f.keys["/orders/"+testOrder+"/resubmissions"], 2)
}

func TestSomeReviewersAreNeverContent(t *testing.T) {
	t.Parallel()
	f := newIntake(t)
	f.handedIn()
	for range maxRounds + 1 {
		f.returns = append(f.returns, document{licence, "returned", "unreadable"})
	}
	err := Run(t.Context(), options(t, f))
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorContains(t, err, "came back")
}

func TestRefusalSaysWhy(t *testing.T) {
	t.Parallel()
	f := newIntake(t)
	f.refusal = "telecom_mismatch"
	err := Run(t.Context(), options(t, f))
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorContains(t, err, "运营商实名信息不一致 (409 telecom_mismatch)")
}

func TestTimeOutAndGoingOn(t *testing.T) {
	t.Parallel()
	f := newIntake(t)
	f.stuck = true
	f.handedIn()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	f.upset = func(_ http.ResponseWriter, r *http.Request) bool {
		if f.stage == "transfer" && strings.HasSuffix(r.URL.Path, testOrder) {
			cancel() // stands for the deadline below
		}
		return false
	}
	err := Run(expiring{ctx}, options(t, f))
	require.ErrorIs(t, err, ErrTimedOut)

	f.mu.Lock() // the answer to the call that was cut off may still be written
	f.upset, f.stuck = nil, false
	f.mu.Unlock()
	require.NoError(t, Run(t.Context(), options(t, f)), "a second run takes up the order")
	require.Equal(t, 1, f.created)
	sent := 0
	for _, u := range f.uploads {
		if strings.HasPrefix(u, voucher) {
			sent++
		}
	}
	require.Equal(t, 1, sent, "money is sent once")
}

// expiring is a context whose end counts as its deadline.
type expiring struct{ context.Context }

func (e expiring) Err() error {
	if e.Context.Err() != nil {
		return context.DeadlineExceeded
	}
	return nil
}

func TestLostAnswersAndOutagesKeepTheKey(t *testing.T) {
	t.Parallel()
	f := newIntake(t)
	f.handedIn()
	tries := 0
	f.upset = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/payments") {
			return false
		}
		switch tries++; tries {
		case 1:
			panic(http.ErrAbortHandler)
		case 2:
			w.Header().Set("Retry-After", "1")
			f.problem(w, 503, "vendor_down", "稍后再试")
			return true
		}
		return false
	}
	o := options(t, f)
	o.Pay = PayWeChat
	require.NoError(t, Run(t.Context(), o))
	keys := f.keys["/orders/"+testOrder+"/payments"]
	require.Len(t, keys, 3)
	require.Equal(t, keys[0], keys[2])
}

func TestUpdateThatIsOverBeginsAnew(t *testing.T) {
	t.Parallel()
	f := newIntake(t)
	f.path, f.toSign = PathOnline, renewPrefix+"{}\n-"
	voided := 0
	f.upset = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/updates/u1") || voided == 2 {
			return false
		}
		voided++
		f.problem(w, 409, "update_void", "请在驱动中重新开始更新")
		return true
	}
	require.NoError(t, Run(t.Context(), options(t, f)))
	require.Len(t, f.keys["/updates"], 3)
}

func TestDriverIsNoSigningOracle(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"pay 1,000,000", "caconsole/renew/2\n{}\n-", "caconsole/collect/1\nid\n9f86d081"} {
		f := newIntake(t)
		f.toSign = text
		r, err := newRobot(options(t, f))
		require.NoError(t, err)
		require.ErrorIs(t, r.update(t.Context()), ErrRefused)
		require.False(t, f.proved, text)
	}
}

func TestDriverRefusesWrongCertificates(t *testing.T) {
	t.Parallel()
	end := time.Now().AddDate(1, 0, 0)
	for name, spoil := range map[string]func(*intake, *ukey){
		"another key":            func(f *intake, k *ukey) { f.repack(t, newKey(t), k.encKey, end) },
		"another encryption key": func(f *intake, k *ukey) { f.repack(t, k.signKey, newKey(t), end) },
		"not longer":             func(f *intake, k *ukey) { f.repack(t, k.signKey, k.encKey, k.sign.NotAfter) },
		"another CA": func(f *intake, k *ukey) {
			s, e := newCA(t).pair(t, k.signKey, k.encKey, 300, end)
			f.bundle(t, s, e, f.ca.sub, f.ca.root)
		},
		"one missing": func(f *intake, k *ukey) {
			s, _ := f.ca.pair(t, k.signKey, k.encKey, 300, end)
			f.bundle(t, s, s, f.ca.sub, f.ca.root)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newIntake(t)
			k, err := readUkey(filepath.Join(f.dir, testSerial))
			require.NoError(t, err)
			spoil(f, k)
			o := options(t, f)
			r, err := newRobot(o)
			require.NoError(t, err)
			require.ErrorIs(t, r.update(t.Context()), errPackage)
			require.Empty(t, f.steps, "nothing is imported")
			_, err = os.Stat(filepath.Join(o.Out, "sign.pem"))
			require.ErrorIs(t, err, os.ErrNotExist)
		})
	}
}

func TestUkeyFolder(t *testing.T) {
	t.Parallel()
	f := newIntake(t)
	k, err := readUkey(filepath.Join(f.dir, testSerial))
	require.NoError(t, err)
	require.Equal(t, testHolder, k.holder)
	require.Equal(t, testCode, k.orgNumber)
	sig, err := k.prove("caconsole/renew/1\n{}\n-", nil)
	require.NoError(t, err)
	require.True(t, sm2.VerifyASN1WithSM2(&k.signKey.PublicKey, nil, []byte("caconsole/renew/1\n{}\n-"), sig))

	_, err = readUkey(t.TempDir())
	require.ErrorIs(t, err, os.ErrNotExist)
}
