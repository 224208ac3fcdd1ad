package nuonuo

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"caconsole/cmd/applicant/number"
	"caconsole/cmd/applicant/vendors/callback"
	"caconsole/cmd/applicant/vendors/trouble"
)

// The states of an invoice that the simulator knows.
const (
	statusDone    = "2"
	statusIssuing = "20"
	statusFailed  = "22"
)

// order is the order object of requestBillingNew, as far as the simulator reads it.
type order struct {
	BuyerName     string `json:"buyerName"`
	BuyerTaxNum   string `json:"buyerTaxNum"`
	BuyerTel      string `json:"buyerTel"`
	BuyerAddress  string `json:"buyerAddress"`
	BuyerAccount  string `json:"buyerAccount"`
	SalerTaxNum   string `json:"salerTaxNum"`
	SalerTel      string `json:"salerTel"`
	SalerAddress  string `json:"salerAddress"`
	SalerAccount  string `json:"salerAccount"`
	OrderNo       string `json:"orderNo"`
	InvoiceDate   string `json:"invoiceDate"`
	Clerk         string `json:"clerk"`
	Remark        string `json:"remark"`
	PushMode      string `json:"pushMode"`
	BuyerPhone    string `json:"buyerPhone"`
	Email         string `json:"email"`
	InvoiceType   string `json:"invoiceType"`
	InvoiceLine   string `json:"invoiceLine"`
	CallBackURL   string `json:"callBackUrl"`
	InvoiceDetail []line `json:"invoiceDetail"`
}

// line is one row of an invoice. Amounts are yuan as text.
type line struct {
	GoodsName         string `json:"goodsName"`
	GoodsCode         string `json:"goodsCode"`
	WithTaxFlag       string `json:"withTaxFlag"`
	Price             string `json:"price"`
	Num               string `json:"num"`
	Unit              string `json:"unit"`
	SpecType          string `json:"specType"`
	TaxRate           string `json:"taxRate"`
	Tax               string `json:"tax"`
	TaxExcludedAmount string `json:"taxExcludedAmount"`
	TaxIncludedAmount string `json:"taxIncludedAmount"`
}

// invoice is one record of the platform.
type invoice struct {
	Serial   string    `json:"serial"` // invoiceSerialNum
	Order    order     `json:"order"`
	Number   string    `json:"number"` // the 20 digits of a 数电票
	ExTaxFen int64     `json:"ex_tax_fen"`
	TaxFen   int64     `json:"tax_fen"`
	At       time.Time `json:"at"`    // when it was asked for
	Due      time.Time `json:"due"`   // when it is issued
	Cause    string    `json:"cause"` // why it fails; "" if it does not
	Told     bool      `json:"told"`  // the callback was taken
	Red      string    `json:"red"`   // of a red invoice: the number of the form it follows
}

// requestBilling answers requestBillingNew: it takes the order, and the invoice follows later. An order number is
// taken once; a client whose call timed out asks queryInvoiceResult.
func (p *Platform) requestBilling(body []byte) answer {
	var in struct {
		Order order `json:"order"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return answer{Code: codeInvalid, Describe: "报文格式错误"}
	}
	v := invoice{Order: in.Order}
	if wrong := p.check(&v); wrong != "" {
		return answer{Code: codeInvalid, Describe: wrong}
	}
	at := p.opt.Now()
	v.Serial = at.In(beijing).Format("060102150405") + digits(8)
	v.Number = at.In(beijing).Format("06") + "44" + digits(16)
	v.At, v.Due = at, at.Add(p.opt.Delay)
	// A buyer of this name lets a test see an invoice fail after it was taken.
	if strings.Contains(v.Order.BuyerName, "开票失败") {
		v.Cause = "购方名称与税号不匹配"
	}
	kept, fresh, err := p.invoices.Add(v.Order.OrderNo, v)
	switch {
	case err != nil:
		return answer{Code: "E9999", Describe: err.Error()}
	case !fresh:
		return answer{Code: codeDuplicate, Describe: "订单编号不能重复"}
	}
	p.tell(kept)
	return answer{Code: codeOK, Describe: "开票提交成功", Result: map[string]string{"invoiceSerialNum": kept.Serial}}
}

// beijing is the time zone of every date on an invoice.
var beijing = time.FixedZone("CST", 8*3600)

func digits(n int) string {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
	v, err := rand.Int(rand.Reader, limit)
	if err != nil {
		panic("nuonuo: " + err.Error()) // crypto/rand does not fail on Linux
	}
	return fmt.Sprintf("%0*d", n, v)
}

var goodsCode = regexp.MustCompile(`^\d{19}$`)

// check returns what is wrong with an order, "" for nothing, and adds up its amounts.
func (p *Platform) check(v *invoice) string {
	o := v.Order
	switch {
	case o.OrderNo == "" || len(o.OrderNo) > 20:
		return "orderNo不能为空且不超过20位"
	case o.SalerTaxNum != p.opt.SellerTaxNo:
		return "销方税号与授权商户不一致"
	case o.InvoiceType != "1":
		return "invoiceType仅支持1（蓝票）"
	case o.InvoiceLine != "bs" && o.InvoiceLine != "pc":
		return "invoiceLine仅支持bs（数电专票）、pc（数电普票）"
	case o.BuyerName == "":
		return "购方名称不能为空"
	case o.InvoiceLine == "bs" && !number.ValidCredit(o.BuyerTaxNum):
		return "开具专票时购方税号必填且须正确"
	case len(o.InvoiceDetail) == 0:
		return "发票明细不能为空"
	}
	for i, l := range o.InvoiceDetail {
		ex, tax, wrong := l.amounts()
		if wrong != "" {
			return fmt.Sprintf("第%d行：%s", i+1, wrong)
		}
		v.ExTaxFen += ex
		v.TaxFen += tax
	}
	return ""
}

// amounts returns a line's value without tax and its tax, both in fen.
func (l line) amounts() (ex, tax int64, wrong string) {
	included, err1 := fen(l.TaxIncludedAmount)
	ex, err2 := fen(l.TaxExcludedAmount)
	tax, err3 := fen(l.Tax)
	rate, err4 := strconv.ParseFloat(l.TaxRate, 64)
	switch {
	case l.GoodsName == "":
		return 0, 0, "商品名称不能为空"
	case !goodsCode.MatchString(l.GoodsCode):
		return 0, 0, "商品编码应为19位"
	case err1 != nil || err2 != nil || err3 != nil || err4 != nil || rate < 0 || rate > 0.17:
		return 0, 0, "金额或税率格式错误"
	case ex+tax != included:
		return 0, 0, "不含税金额与税额之和不等于含税金额"
	}
	// The bureau allows 0.06 yuan between a line's tax and amount × rate.
	if off := float64(tax) - float64(ex)*rate; off > 6 || off < -6 {
		return 0, 0, "税额误差超过0.06元"
	}
	return ex, tax, ""
}

var money = regexp.MustCompile(`^(\d{1,12})(?:\.(\d{1,2}))?$`)

// fen reads yuan as text without passing through floating point.
func fen(text string) (int64, error) {
	m := money.FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("amount %q", text)
	}
	whole, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("amount: %w", err)
	}
	cents, err := strconv.ParseInt((m[2] + "00")[:2], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("amount: %w", err)
	}
	return whole*100 + cents, nil
}

func yuan(fen int64) string {
	if fen < 0 {
		return "-" + yuan(-fen)
	}
	return fmt.Sprintf("%d.%02d", fen/100, fen%100)
}

// status is what a query says of an invoice at a time.
func (v invoice) status(now time.Time) string {
	switch {
	case now.Before(v.Due):
		return statusIssuing
	case v.Cause != "":
		return statusFailed
	}
	return statusDone
}

// tell sends the callback when the invoice is due: an unsigned form, operater=callback (the platform's spelling),
// orderno and content. The customer takes it with {"status":"0000"}.
func (p *Platform) tell(v invoice) {
	if v.Order.CallBackURL == "" {
		return
	}
	state, message := "1", "开票成功"
	if v.Cause != "" {
		state, message = "2", v.Cause
	}
	content, err := json.Marshal(map[string]string{
		"c_status": state, "c_errorMessage": message, "c_orderno": v.Order.OrderNo, "c_fpqqlsh": v.Serial, "c_invoiceid": v.Serial,
		"c_fphm": v.Number, "c_fpdm": "", "c_kprq": fmt.Sprint(v.Due.UnixMilli()), "c_bhsje": yuan(v.ExTaxFen), "c_hjse": yuan(v.TaxFen),
		"c_url": p.fileURL(v), "c_buyername": v.Order.BuyerName, "c_taxnum": v.Order.BuyerTaxNum,
	})
	if err != nil {
		p.opt.Log.Error("callback not encoded", "error", err)
		return
	}
	form := url.Values{"operater": {"callback"}, "orderno": {v.Order.OrderNo}, "content": {string(content)}}
	call := callback.Call{
		Vendor: trouble.Invoice, URL: v.Order.CallBackURL, ContentType: "application/x-www-form-urlencoded;charset=UTF-8", Body: []byte(form.Encode()),
		Accepted: func(status int, body []byte) bool {
			var in struct{ Status string }
			return status/100 == 2 && json.Unmarshal(body, &in) == nil && in.Status == "0000"
		},
		Taken: func() { p.told(v.Order.OrderNo) },
	}
	// Nobody signs this callback, so anybody can send it, and before its time.
	if _, ok := p.opt.Troubles.Strike(trouble.Invoice, trouble.Forge); ok {
		p.opt.Callbacks.Once(call)
	}
	p.opt.Callbacks.After(v.Due.Sub(p.opt.Now()), call)
}

// reInvoice starts a failed invoice again under the same numbers, from what was sent at first. Whatever the simulator
// made it fail for is over at the second try.
func (p *Platform) reInvoice(body []byte) answer {
	var in struct {
		OrderNo string `json:"orderno"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return answer{Code: codeInvalid, Describe: "报文格式错误"}
	}
	v, ok := p.invoices.Get(in.OrderNo)
	at := p.opt.Now()
	switch {
	case !ok:
		return answer{Code: codeNotFound, Describe: "未查询到发票信息"}
	case v.status(at) == statusDone:
		return answer{Code: codeInvalid, Describe: "发票已生成，无需再重试开票"}
	case v.status(at) == statusIssuing:
		return answer{Code: codeInvalid, Describe: "开票中（重试中），请耐心等待开票结果"}
	}
	kept, err := p.invoices.Update(in.OrderNo, func(v *invoice) error {
		v.Cause, v.Due, v.Told = "", at.Add(p.opt.Delay), false
		return nil
	})
	if err != nil {
		return answer{Code: "E9999", Describe: err.Error()}
	}
	p.tell(kept)
	return answer{Code: codeOK, Describe: "重试成功"}
}

func (p *Platform) told(orderNo string) {
	if _, err := p.invoices.Update(orderNo, func(v *invoice) error { v.Told = true; return nil }); err != nil {
		p.opt.Log.Warn("callback not noted", "order", orderNo, "error", err)
	}
}

func (p *Platform) fileURL(v invoice) string { return p.opt.Public() + "/invoice/" + v.Number + ".pdf" }

// result is one element of queryInvoiceResult's answer.
type result struct {
	SerialNo    string `json:"serialNo"`
	OrderNo     string `json:"orderNo"`
	Status      string `json:"status"`
	StatusMsg   string `json:"statusMsg"`
	FailCause   string `json:"failCause"`
	PDFURL      string `json:"pdfUrl"`
	OFDURL      string `json:"ofdUrl"`
	XMLURL      string `json:"xmlUrl"`
	InvoiceTime int64  `json:"invoiceTime"` // milliseconds since 1970
	InvoiceCode string `json:"invoiceCode"`
	InvoiceNo   string `json:"invoiceNo"`
	DigitalNo   string `json:"allElectronicInvoiceNumber"`
	ExTaxAmount string `json:"exTaxAmount"`
	TaxAmount   string `json:"taxAmount"`
	OrderAmount string `json:"orderAmount"`
	PayerName   string `json:"payerName"`
	PayerTaxNo  string `json:"payerTaxNo"`
	InvoiceKind string `json:"invoiceKind"`
	SalerTaxNum string `json:"salerTaxNum"`
	SaleName    string `json:"saleName"`
}

// queryResult answers queryInvoiceResult for at most 50 serial or order numbers; serial numbers win if both are given.
func (p *Platform) queryResult(body []byte) answer {
	var in struct {
		SerialNos []string `json:"serialNos"`
		OrderNos  []string `json:"orderNos"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return answer{Code: codeInvalid, Describe: "报文格式错误"}
	}
	if n := len(in.SerialNos) + len(in.OrderNos); n == 0 || n > 50 {
		return answer{Code: codeInvalid, Describe: "serialNos、orderNos至少一个且不超过50个"}
	}
	p.settle()
	wanted := map[string]bool{}
	for _, no := range in.SerialNos {
		wanted[no] = true
	}
	found := []result{}
	for _, v := range p.invoices.All() {
		if wanted[v.Serial] {
			found = append(found, p.resultOf(v))
		}
	}
	if len(in.SerialNos) == 0 {
		for _, no := range in.OrderNos {
			if v, ok := p.invoices.Get(no); ok {
				found = append(found, p.resultOf(v))
			}
		}
	}
	if len(found) == 0 {
		return answer{Code: codeNotFound, Describe: "未查询到发票信息"}
	}
	return answer{Code: codeOK, Describe: "获取成功", Result: found}
}

func (p *Platform) resultOf(v invoice) result {
	r := result{
		SerialNo: v.Serial, OrderNo: v.Order.OrderNo, Status: v.status(p.opt.Now()), PayerName: v.Order.BuyerName, PayerTaxNo: v.Order.BuyerTaxNum,
		ExTaxAmount: yuan(v.ExTaxFen), TaxAmount: yuan(v.TaxFen), OrderAmount: yuan(v.ExTaxFen + v.TaxFen),
		SalerTaxNum: p.opt.SellerTaxNo, SaleName: p.opt.SellerName, InvoiceKind: map[string]string{"bs": "数电专票", "pc": "数电普票"}[v.Order.InvoiceLine],
	}
	switch r.Status {
	case statusIssuing:
		r.StatusMsg = "开票中"
	case statusFailed:
		r.StatusMsg, r.FailCause = "开票失败", v.Cause
	case statusDone:
		r.StatusMsg, r.InvoiceTime, r.PDFURL = "开票完成", v.Due.UnixMilli(), p.fileURL(v)
		r.InvoiceNo, r.DigitalNo = v.Number, v.Number
	}
	return r
}

// file serves the PDF of an issued invoice.
func (p *Platform) file(w http.ResponseWriter, r *http.Request) {
	no := strings.TrimSuffix(r.PathValue("file"), ".pdf")
	for _, v := range p.invoices.All() {
		if v.Number != no || v.status(p.opt.Now()) != statusDone {
			continue
		}
		raw, err := p.pdf(v)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/pdf")
		_, _ = w.Write(raw)
		return
	}
	http.NotFound(w, r)
}
