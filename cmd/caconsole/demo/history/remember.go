package history

import (
	"errors"
	"path/filepath"

	"caconsole/admin/payment"
	"caconsole/cmd/applicant/ports"
	"caconsole/cmd/applicant/vendors/alipay"
	"caconsole/cmd/applicant/vendors/nuonuo"
	"caconsole/cmd/applicant/vendors/wechat"
)

// Vendors is where the simulators of the running demo keep their records, and whose they are.
type Vendors struct {
	State  string // folder, as applicant vendors --state has it
	WeChat wechat.Merchant
	Alipay alipay.Merchant
}

// remember has the simulators know what the vendors of the past did: a code that is open can be paid, money can go back,
// an invoice can be taken back.
func (w *world) remember() error {
	past := make([]nuonuo.Issued, 0, len(w.bureau.issued))
	for _, i := range w.bureau.issued {
		past = append(past, *i)
	}
	v := w.Vendors
	return errors.Join(
		wechat.Remember(filepath.Join(v.State, ports.WeChat), v.WeChat, w.wallets[payment.WeChat].left()),
		alipay.Remember(filepath.Join(v.State, ports.Alipay), v.Alipay, w.wallets[payment.Alipay].left()),
		nuonuo.Remember(filepath.Join(v.State, "nuonuo"), past),
	)
}
