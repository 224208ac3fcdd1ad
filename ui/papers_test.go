package ui_test

import (
	"context"
	"sync"
	"time"

	"caconsole/admin/document"
	"caconsole/admin/document/form"
	"caconsole/admin/seal"
	"caconsole/cmd/applicant/paper"
	"caconsole/cmd/applicant/person"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
)

// drawn are the pictures the case screen shows, marked as the server marks them, by the id they are asked for.
var drawn = sync.OnceValues(func() (map[string][]byte, error) {
	p, err := paper.Open("")
	if err != nil {
		return nil, err
	}
	pdf, err := form.Render(form.Fields{
		Authority: "（样例）电子认证服务有限公司", Project: "中广核项目", CertType: "机构证书", Years: 2, Holder: caseHolder,
		OrgIDKind: "统一社会信用代码", OrgIDNumber: caseCode, LegalName: "李建国", AgentName: "周敏", AgentIDNumber: "440301199001010026",
		AgentPhone: "13800005678", AgentEmail: "zhoumin@qiheng-eng.example", MediumNo: caseMedium, Serial: "5E2109C477A03B18",
		NotAfter: "2026-11-15", InvoiceTitle: caseHolder,
		Agreements: []string{"电子认证服务协议", "个人信息保护政策", "个人信息授权书", "敏感个人信息授权书"},
	}, form.Version{OrderNo: caseNo, Number: 2, At: pagetest.Now.Add(-3 * time.Hour)})
	if err != nil {
		return nil, err
	}
	makers := map[string]func() ([]byte, error){
		formID.String(): func() ([]byte, error) {
			scan, _, err := p.ScanForm(context.Background(), pdf, paper.Form{Company: caseHolder, Signer: "周敏", Seed: 31})
			return scan, err
		},
		licenceID.String(): func() ([]byte, error) {
			return p.LicenceCopy(paper.Licence{
				Company: caseHolder, CreditCode: caseCode, Representative: "李建国", Address: "深圳市大鹏新区鹏飞路 1 号",
				Founded: time.Date(2018, 6, 12, 0, 0, 0, 0, time.UTC), CapitalYuan: 30_000_000, Authority: "深圳市样例登记机关", Seed: 31,
			})
		},
		voucherID.String(): func() ([]byte, error) {
			return p.Remittance(paper.Voucher{
				Payer: caseHolder, PayerAccount: "4000012309200123456", PayerBank: "中国工商银行深圳福田支行", Payee: "深圳样例电子认证有限公司",
				PayeeAccount: "755900000010502", PayeeBank: "招商银行深圳分行营业部", AmountFen: 40000, At: pagetest.Now.Add(-2 * time.Hour),
				Remark: "证书续期 " + caseNo, BankSerial: "C0928374650012", Seed: 31,
			})
		},
		"best_frame": func() ([]byte, error) { return p.Face(31) },
		"card_front": func() ([]byte, error) { return p.CardFront(person.New(31), 31) },
	}
	marker := document.New(nil, seal.Vault{}, func() time.Time { return pagetest.Now })
	out := map[string][]byte{}
	for id, draw := range makers {
		raw, err := draw()
		if err != nil {
			return nil, err
		}
		if out[id], err = marker.Marked(raw, document.Mark{Viewer: "李晓雯 0217", OrderNo: caseNo, Purpose: "仅供续期审核"}); err != nil {
			return nil, err
		}
	}
	return out, nil
})

// drawnPapers serves the pictures where the case screen asks for them.
func drawnPapers(r *page.Router) {
	show := func(name string) page.Handler {
		return func(c *page.Ctx) error {
			pictures, err := drawn()
			if err != nil {
				return err
			}
			return c.Bytes("image/jpeg", "", pictures[c.Param(name)])
		}
	}
	r.Get("/orders/:no/papers/:id/:page", page.LoggedIn, show("id"))
	r.Get("/orders/:no/faces/:id/:which", page.LoggedIn, show("which"))
	r.Get("/matching/vouchers/:id/:page", page.LoggedIn, show("id"))
}
