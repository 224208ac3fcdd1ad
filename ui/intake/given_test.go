package intake_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/identity"
	"caconsole/admin/order"
	"caconsole/admin/payment"
	"caconsole/admin/pg"
	"caconsole/issuance"
	"caconsole/issuance/cert/certtest"
	"caconsole/issuance/signer/signertest"
)

// world is a hall in which each call finds the state of things it asks for, with an applicant and certificates of its own.
type world struct {
	*hall
	n       int
	kept    map[string]facts // states that no call changes
	staffed bool
}

// facts are what a call needs to know of the state of things.
type facts struct {
	client client
	update string            // token of the update there is
	value  map[string]string // by the names of the document's samples
	header map[string]string
	path   string // in place of the call's
	body   any    // in place of an example
}

// givens make the states of things the document names.
var givens = map[string]func(*world) facts{
	"":        (*world).visiting,
	"visitor": (*world).visiting,
	"revocation list": func(w *world) facts {
		require.NoError(w.t, w.flow.MakeList(w.t.Context()))
		return w.visiting()
	},
	"code sent":  func(w *world) facts { return w.codes(1) },
	"codes sent": func(w *world) facts { return w.codes(5) },
	"long body": func(w *world) facts {
		f := w.visiting()
		f.body = `{"phone":"` + strings.Repeat("1", 70_000) + `"}`
		return f
	},
	"wrong path": func(w *world) facts {
		f := w.visiting()
		f.path = "/api/v1/nothing"
		return f
	},
	"applicant":  func(w *world) facts { return w.applicant("1f2e3d4c5b6a79881706f5e4d3c2b1a0") },
	"no consent": func(w *world) facts { return w.of(w.phoned(), string(w.pair(-1, nil).Sign.Serial)) },

	"expired certificate": func(w *world) facts { return w.applicant(string(w.pair(-1, nil).Sign.Serial)) },
	"valid certificate":   func(w *world) facts { return w.applicant(string(w.pair(1, nil).Sign.Serial)) },
	"medium number":       func(w *world) facts { return w.applicant(w.pair(-1, nil).MediumNo) },
	"certificate with a year to go": func(w *world) facts {
		return w.applicant(string(w.pair(12, nil).Sign.Serial))
	},
	"certificate long expired": func(w *world) facts {
		w.setting("max_days_after_expiry", 30)
		return w.applicant(string(w.pair(-6, nil).Sign.Serial))
	},
	"certificate of another algorithm": func(w *world) facts {
		return w.applicant(string(w.pair(-1, func(in *issuance.Import) { in.Certs.Sign, in.Certs.Enc = otherAlgorithm(w.t), nil }).Sign.Serial))
	},
	"certificate of another project": func(w *world) facts {
		return w.applicant(string(w.pair(-1, func(in *issuance.Import) { in.MediumNo = "4" + in.MediumNo[1:] }).Sign.Serial))
	},
	"revoked certificate": func(w *world) facts {
		return w.applicant(string(w.pair(-1, func(in *issuance.Import) { in.State = issuance.Revoked }).Sign.Serial))
	},

	"order": (*world).ordering,
	"order and another certificate": func(w *world) facts {
		f := w.ordering()
		f.value["serial"] = string(w.pair(-1, nil).Sign.Serial)
		return f
	},
	"key used": func(w *world) facts {
		f := w.ordering()
		key := uuid.NewString()
		f.client.post("/api/v1/orders/"+f.value["no"]+"/form-confirmations", nil, "Idempotency-Key", key).ok(http.StatusCreated)
		f.header = map[string]string{"Idempotency-Key": key}
		return f
	},
	"order read": func(w *world) facts {
		f := w.ordering()
		tag := f.client.get("/api/v1/orders/" + f.value["no"]).ok(http.StatusOK).header.Get("ETag")
		f.header = map[string]string{"If-None-Match": tag}
		return f
	},
	"order closed": func(w *world) facts {
		f := w.ordering()
		f.client.post("/api/v1/consents/withdrawals", map[string]any{"codes": []string{"sensitive_data"}}).ok(http.StatusOK)
		return f
	},
	"online order": func(w *world) facts { return w.opened(1) },

	"form confirmed": func(w *world) facts {
		f := w.ordering()
		f.client.post("/api/v1/orders/"+f.value["no"]+"/form-confirmations", nil).ok(http.StatusCreated)
		return f
	},
	"form read": func(w *world) facts {
		f := w.ordering()
		at := "/api/v1/orders/" + f.value["no"]
		f.client.post(at+"/form-confirmations", nil).ok(http.StatusCreated)
		tag := f.client.get(at + "/application-form.pdf").ok(http.StatusOK).header.Get("ETag")
		f.header = map[string]string{"If-None-Match": tag}
		return f
	},
	"empty file":          func(w *world) facts { return w.file([]byte{}) },
	"web page for a file": func(w *world) facts { return w.file([]byte("<html></html>")) },
	"torn file":           func(w *world) facts { return w.file(scan(w.t, 200)[:900]) },
	"long file": func(w *world) facts {
		f := w.file(make([]byte, 20<<20+1))
		f.header = map[string]string{"Expect": "100-continue"} // refused by its length, before it is sent
		return f
	},

	"telecom mismatch": func(w *world) facts {
		w.telecom.outcome = identity.Mismatch
		f := w.ordering()
		w.work()
		w.telecom.outcome = identity.Match
		return f
	},
	"identity vendor down": func(w *world) facts {
		f := w.ordering()
		w.work()
		w.face.down = true
		return f
	},
	"identity pending": func(w *world) facts {
		f := w.ordering()
		w.work()
		f.client.post("/api/v1/orders/"+f.value["no"]+"/identity-sessions", nil).ok(http.StatusCreated)
		return f
	},
	"identity notice": func(w *world) facts { return w.noticed("token=") },
	"phone back from the vendor": func(w *world) facts {
		f := w.noticed("token=")
		f.path, f.body = "/api/v1/callbacks/identity/played?"+f.body.(string), nil
		return f
	},
	"identity notice in no form": func(w *world) facts { return w.noticed("passed=") },
	"notice about nobody": func(w *world) facts {
		f := w.visiting()
		f.body = "token=made-up"
		return f
	},
	"three tries failed": (*world).triesFailed,
	"identified": func(w *world) facts {
		f := w.ordering()
		w.identify(f.client, f.value["no"])
		return f
	},
	"alipay not offered": func(w *world) facts {
		f := w.opened(1)
		w.setting("online_methods", []string{"wechat"})
		return f
	},
	"payment vendor refuses": func(w *world) facts {
		f := w.opened(1)
		w.tills[payment.WeChat].refuseOnce()
		return f
	},
	"part of a transfer has come": func(w *world) facts {
		f := w.ordering()
		w.identify(f.client, f.value["no"])
		f.client.post("/api/v1/orders/"+f.value["no"]+"/payments", map[string]string{"method": "transfer"}).ok(http.StatusCreated)
		w.tx(func(_ context.Context, tx pg.Tx) error {
			return tx.Gorm().Exec("UPDATE receivable SET allocated_fen = 100 WHERE order_no = ?", f.value["no"]).Error
		})
		return f
	},
	"code to scan":             func(w *world) facts { f, _ := w.scanning("wechat"); return f },
	"payment notice":           func(w *world) facts { return w.paidNotice("wechat") },
	"payment notice of alipay": func(w *world) facts { return w.paidNotice("alipay") },
	"forged payment notice": func(w *world) facts {
		f := w.paidNotice("wechat")
		f.body = "forged"
		return f
	},
	"online order paid": (*world).paidOnline,
	"transfer": func(w *world) facts {
		f := w.ordering()
		w.identify(f.client, f.value["no"])
		f.client.post("/api/v1/orders/"+f.value["no"]+"/payments", map[string]string{"method": "transfer"}).ok(http.StatusCreated)
		return f
	},

	"papers returned":                   func(w *world) facts { return w.returnedPapers("application_form", "business_licence") },
	"other paper returned":              func(w *world) facts { return w.returnedPapers("application_form") },
	"papers returned and uploaded anew": (*world).papersAgain,
	"update to fetch":                   func(w *world) facts { f, _ := w.authorisedUpdate(); return f },
	"project that re-keys":              (*world).reKeys,
	"re-keying order paid":              (*world).rekeyPaid,
	"new sign key imported":             (*world).signKeyImported,
	"csr of no form":                    func(w *world) facts { return w.brings([]byte("no request")) },
	"csr of another algorithm":          func(w *world) facts { return w.brings(csrs(w.t).p256) },
	"csr for two keys":                  func(w *world) facts { return w.brings(csrs(w.t).cfca) },
	"csr with an empty id":              func(w *world) facts { return w.brings(csrs(w.t).emptyID) },
	"csr of a foreign key":              func(w *world) facts { return w.brings(csrs(w.t).foreign) },
	"csr of the old key": func(w *world) facts {
		f, ukey := w.rekeying()
		f.body = map[string]string{"serial": f.value["serial"], "csr": base64.StdEncoding.EncodeToString(certtest.CSR(w.t, ukey.SignKey))}
		return f
	},
	"update to prove":              func(w *world) facts { f, _, _ := w.session(); return f },
	"update left alone":            (*world).leftAlone,
	"update waiting to be signed":  func(w *world) facts { f, _ := w.proved(); return f },
	"update waiting to be fetched": func(w *world) facts { return w.ready(0) },
	"update ready":                 func(w *world) facts { return w.ready(0) },
	"update confirmed":             func(w *world) facts { return w.ready(2) },
	"invoice notice":               (*world).invoiceNotice,
	"delivery report":              (*world).deliveryReport,
	"invoice":                      (*world).invoiced,
}

// lasting are the costly states that calls only look at.
var lasting = []string{"update waiting to be fetched", "update waiting to be signed", "update confirmed"}

// given makes a state of things.
func (w *world) given(t *testing.T, name string) facts {
	t.Helper()
	outer := w.t
	w.t = t
	defer func() { w.t = outer }()
	w.face.down, w.face.result = false, identity.Result{}
	w.setting("keys", "keep")
	w.setting("max_days_after_expiry", nil)
	w.setting("online_methods", []string{"wechat", "alipay"})
	if f, ok := w.kept[name]; ok {
		return f
	}
	make, ok := givens[name]
	require.True(t, ok, "no such given: %q", name)
	f := make(w)
	if slices.Contains(lasting, name) {
		w.kept[name] = f
	}
	return f
}

// setting changes a rule of the project from now on.
func (w *world) setting(key string, value any) {
	w.t.Helper()
	w.clock.move(time.Second)
	now := w.clock.now()
	w.tx(func(ctx context.Context, tx pg.Tx) error {
		return w.flow.Projects.Set(ctx, tx, w.project, key, value, now, now)
	})
}

func (w *world) visiting() facts {
	return facts{client: w.visitor(), value: map[string]string{"phone": w.number(), "id": uuid.NewString()}}
}

// number is a mobile number nobody has used yet.
func (w *world) number() string {
	w.n++
	return fmt.Sprintf("139%08d", w.n)
}

func (w *world) codes(n int) facts {
	w.t.Helper()
	f := w.visiting()
	for range n {
		f.client.post("/api/v1/login/codes", map[string]string{"phone": f.value["phone"]}).ok(http.StatusAccepted)
	}
	w.work()
	f.value["code"] = w.sms.code(f.value["phone"])
	return f
}

// phoned is the session of an applicant who has agreed to nothing.
func (w *world) phoned() client {
	w.t.Helper()
	return w.login(w.number())
}

func (w *world) of(c client, serial string) facts {
	return facts{client: c, value: map[string]string{"serial": serial}}
}

// applicant is one who has agreed to all there is and holds a certificate.
func (w *world) applicant(serial string) facts {
	w.t.Helper()
	return w.of(w.phoned().consent(), serial)
}

// pair is a certificate pair that runs out in so many months.
func (w *world) pair(months int, change func(*issuance.Import)) issuance.Pair {
	w.t.Helper()
	p, _ := w.held(months, change)
	return p
}

func (w *world) held(months int, change func(*issuance.Import)) (issuance.Pair, certtest.Holder) {
	w.t.Helper()
	w.n++
	return w.ukey(fmt.Sprintf("3888%012d", w.n), monday.AddDate(0, months, 0), change)
}

func (w *world) ordering() facts {
	w.t.Helper()
	return w.opened(-1)
}

// opened is an order for a certificate that runs out in so many months.
func (w *world) opened(months int) facts {
	w.t.Helper()
	p := w.pair(months, nil)
	f := w.applicant(string(p.Sign.Serial))
	in := application(p)
	if months > 0 {
		delete(in, "organisation")
		delete(in, "legal_person")
	}
	f.value["no"] = f.client.post("/api/v1/orders", in).ok(http.StatusCreated).text("no")
	return f
}

// file is an order to which a file is sent.
func (w *world) file(body []byte) facts {
	w.t.Helper()
	f := w.ordering()
	f.body = body
	return f
}

// noticed is what the identity vendor posts about a try in progress.
func (w *world) noticed(prefix string) facts {
	w.t.Helper()
	f := w.ordering()
	w.work()
	f.client.post("/api/v1/orders/"+f.value["no"]+"/identity-sessions", nil).ok(http.StatusCreated)
	f.body = prefix + w.face.token
	return f
}

func (w *world) triesFailed() facts {
	w.t.Helper()
	f := w.ordering()
	w.work()
	for range 3 {
		f.client.post("/api/v1/orders/"+f.value["no"]+"/identity-sessions", nil).ok(http.StatusCreated)
		w.face.appear("王强", "11010519491231002X", 9900)
		w.visitor().post("/api/v1/callbacks/identity/played", "token="+w.face.token).ok(http.StatusOK)
		w.work()
	}
	return f
}

// scanning is an order on the online path with a code to pay by; ownNo is our number of that payment.
func (w *world) scanning(method string) (f facts, ownNo string) {
	w.t.Helper()
	f = w.opened(1)
	f.client.post("/api/v1/orders/"+f.value["no"]+"/payments", map[string]string{"method": method}).ok(http.StatusCreated)
	return f, w.tills[payment.Method(method)].last()
}

// paidNotice is what a payment vendor posts about a payment.
func (w *world) paidNotice(method string) facts {
	w.t.Helper()
	f, ownNo := w.scanning(method)
	f.body = "paid=" + ownNo
	return f
}

// paidOnline is a paid order on the online path whose holder has asked for the update.
func (w *world) paidOnline() facts {
	w.t.Helper()
	p, holder := w.held(1, nil)
	f := w.applicant(string(p.Sign.Serial))
	in := application(p)
	delete(in, "organisation")
	delete(in, "legal_person")
	no := f.client.post("/api/v1/orders", in).ok(http.StatusCreated).text("no")
	f.client.post("/api/v1/orders/"+no+"/payments", map[string]string{"method": "wechat"}).ok(http.StatusCreated)
	w.visitor().post("/api/v1/callbacks/payments/wechat", "paid="+w.tills[payment.WeChat].last()).ok(http.StatusNoContent)
	u := w.visitor().post("/api/v1/updates", map[string]string{"serial": f.value["serial"]}).ok(http.StatusCreated)
	f.value["no"], f.value["id"], f.value["signature"] = no, u.text("id"), sign(w.t, holder, u.text("to_sign"))
	return f
}

// returnedPapers is an order sent back because of some of its papers.
func (w *world) returnedPapers(kinds ...string) facts {
	w.t.Helper()
	f := w.ordering()
	no := f.value["no"]
	f.client.post("/api/v1/orders/"+no+"/form-confirmations", nil).ok(http.StatusCreated)
	ids := map[string]string{}
	for i, kind := range []string{"application_form", "business_licence"} {
		ids[kind] = f.client.call(http.MethodPut, "/api/v1/orders/"+no+"/documents/"+kind, scan(w.t, uint8(150+i))).ok(http.StatusOK).text("id")
	}
	w.identify(f.client, no)
	w.queued(no)
	w.tx(func(ctx context.Context, tx pg.Tx) error {
		for _, kind := range kinds {
			if err := w.flow.Documents.SetReturned(ctx, tx, uuid.MustParse(ids[kind]), "公章不清晰"); err != nil {
				return err
			}
		}
		return nil
	})
	w.returned(no)
	return f
}

func (w *world) papersAgain() facts {
	w.t.Helper()
	f := w.returnedPapers("application_form")
	f.client.call(http.MethodPut, "/api/v1/orders/"+f.value["no"]+"/documents/application_form", scan(w.t, 99)).ok(http.StatusOK)
	return f
}

// authorisedUpdate is an order whose renewal two people have signed.
func (w *world) authorisedUpdate() (facts, certtest.Holder) {
	w.t.Helper()
	p, holder := w.held(-1, nil)
	f := w.applicant(string(p.Sign.Serial))
	no := f.client.post("/api/v1/orders", application(p)).ok(http.StatusCreated).text("no")
	f.value["no"] = no
	w.work()
	w.gate(no,
		func(g *order.Gates) { g.Documents, g.Identity = order.Uploaded, order.Pending },
		func(g *order.Gates) { g.Identity = order.Passed })
	w.queued(no)
	if !w.staffed {
		w.staffed = true
		w.staff(signertest.ReviewerID, "reviewer1", "0132")
		w.staff(signertest.IssuerID, "issuer1", "0207")
	}
	w.authorised(w.order(no))
	return f, holder
}

func (w *world) order(no string) order.Order {
	w.t.Helper()
	o, err := w.flow.Orders.Get(w.t.Context(), w.flow.DB.Read(w.t.Context()), actor.Job("test"), no)
	require.NoError(w.t, err)
	return o
}

// session is an update the driver has begun, with what there is to sign and who can.
func (w *world) session() (facts, certtest.Holder, string) {
	w.t.Helper()
	f, holder := w.authorisedUpdate()
	u := w.visitor().post("/api/v1/updates", map[string]string{"serial": f.value["serial"]}).ok(http.StatusCreated)
	f.value["id"], f.value["signature"] = u.text("id"), sign(w.t, holder, u.text("to_sign"))
	return f, holder, u.text("to_sign")
}

func (w *world) leftAlone() facts {
	w.t.Helper()
	f, _, _ := w.session()
	w.clock.move(time.Hour)
	return f
}

// proved is an update the Ukey has signed for, before the signer has.
func (w *world) proved() (facts, certtest.Holder) {
	w.t.Helper()
	f, holder, _ := w.session()
	done := w.visitor().post("/api/v1/updates/"+f.value["id"]+"/proof", map[string]string{"signature": f.value["signature"]})
	f.update = done.ok(http.StatusAccepted).text("token")
	return f, holder
}

// ready is an update that can be fetched and of which so many steps are confirmed.
func (w *world) ready(steps int) facts {
	w.t.Helper()
	f, _ := w.proved()
	w.issued(w.order(f.value["no"]))
	driver := w.visitor()
	driver.token = f.update
	for _, step := range []string{"sign_certificate", "encryption_certificate"}[:steps] {
		driver.post("/api/v1/updates/"+f.value["id"]+"/confirmations", map[string]string{"step": step}).ok(http.StatusOK)
	}
	return f
}

// reKeys is a certificate of a project where the driver has to bring new keys.
func (w *world) reKeys() facts {
	w.t.Helper()
	f := w.ordering()
	w.setting("keys", "csr")
	return f
}

// deliveryReport is what the SMS vendor posts about a message that was sent.
func (w *world) deliveryReport() facts {
	w.t.Helper()
	f := w.codes(1)
	w.sms.Lock()
	defer w.sms.Unlock()
	f.body = w.sms.got[len(w.sms.got)-1].ID.String()
	return f
}

func (w *world) invoiced() facts {
	w.t.Helper()
	f := w.visiting()
	f.value["code"] = w.invoiceOf(w.ordering().value["no"])
	return f
}

// invoiceNotice is what the invoice vendor posts about an invoice.
func (w *world) invoiceNotice() facts {
	w.t.Helper()
	f := w.ordering()
	w.invoiceOf(f.value["no"])
	var serial string
	require.NoError(w.t, w.flow.DB.Read(w.t.Context()).Gorm().Raw("SELECT serial FROM invoice ORDER BY created_at DESC, id DESC LIMIT 1").Scan(&serial).Error)
	f.body = serial
	return f
}
