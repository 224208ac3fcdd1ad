package app

import (
	"time"

	"caconsole/admin/flow"
	"caconsole/admin/identity"
	facevendor "caconsole/admin/identity/tencent"
	"caconsole/admin/invoice"
	"caconsole/admin/invoice/nuonuo"
	"caconsole/admin/notify"
	"caconsole/admin/notify/smtp"
	"caconsole/admin/notify/tencentsms"
	"caconsole/admin/payment"
	"caconsole/admin/tencent"
	"caconsole/issuance"
	"caconsole/issuance/signer/client"
)

// Outside is everything beyond this process that answers calls.
type Outside struct {
	Face    identity.Vendor
	Telecom identity.Telecom
	Senders map[notify.Channel]notify.Sender
	Invoice invoice.Vendor
	Pay     map[payment.Method]payment.Vendor // the methods that are offered
	Keys    issuance.KeyCentre                // nil where there is none
	Signer  Signer
}

// Signer is casigner, or an engine inside this process: everything the console asks of it.
type Signer interface {
	issuance.Signer
	issuance.Revoker
	issuance.Ledger
	flow.Registrar
	flow.Profiler
}

// Dial makes the clients of a configuration's vendors and signer; nothing is called yet. now is the time on this
// machine's clock: vendors compare it with theirs. PublicURL must be set: some of them are told where to call back.
// ErrConfig if a payment vendor's account is not fully described.
func (c Config) Dial(now func() time.Time) (Outside, error) {
	pay, err := c.dialPayments(now)
	if err != nil {
		return Outside{}, err
	}
	account := tencent.Account{SecretID: c.Tencent.SecretID.Reveal(), SecretKey: c.Tencent.SecretKey.Reveal()}
	keys, err := c.dialKMC()
	if err != nil {
		return Outside{}, err
	}
	cloud := func(url, region string) tencent.Service {
		return tencent.Service{URL: url, Region: region, Account: account, Now: now}
	}
	numbers := make(map[notify.Template]string, len(c.Tencent.SMSTemplate))
	for name, id := range c.Tencent.SMSTemplate {
		numbers[notify.Template(name)] = id
	}
	n, m := c.Nuonuo, c.SMTP
	return Outside{
		Face:    facevendor.New(cloud(c.Tencent.IdentityURL, ""), c.Tencent.FaceRule),
		Telecom: facevendor.New(cloud(c.Tencent.TelecomURL, ""), c.Tencent.FaceRule),
		Senders: map[notify.Channel]notify.Sender{
			notify.SMS: tencentsms.New(tencentsms.Config{
				Service: cloud(c.Tencent.SMSURL, c.Tencent.SMSRegion), AppID: c.Tencent.SMSApp, Sign: c.Tencent.SMSSign, Templates: numbers,
			}),
			notify.Mail: smtp.New(smtp.Config{
				Address: m.Address, From: m.From, Name: m.Name, User: m.User, Password: m.Password.Reveal(), Domain: m.domain(), Plain: m.Plain,
			}),
		},
		Invoice: nuonuo.New(nuonuo.Config{
			URL: n.URL, AppKey: n.AppKey, AppSecret: n.AppSecret.Reveal(), AccessToken: n.AccessToken.Reveal(), TaxNo: n.TaxNo,
			Tel: n.Tel, Address: n.Address, Account: n.Account, Clerk: n.Clerk,
			CallbackURL: c.PublicURL + "/api/v1/callbacks/invoices/nuonuo", Now: now,
		}),
		Pay:    pay,
		Keys:   keys,
		Signer: client.New(c.Signer),
	}, nil
}
