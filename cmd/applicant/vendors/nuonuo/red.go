package nuonuo

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"caconsole/cmd/applicant/vendors/shelf"
)

// The states of a red letter's confirmation form (红字确认单). 15 and 16 are the platform's own, the others the tax
// bureau's.
const (
	formNotNeeded = "01" // 无需确认
	formWaiting   = "02" // 销方录入待购方确认
	formConfirmed = "04" // 购销双方已确认
	formDenied    = "05" // 作废（销方录入购方否认）
	formTimedOut  = "07" // 作废（超72小时未确认）
	formWithdrawn = "08" // 作废（发起方已撤销）
	formApplying  = "15" // 申请中
	formFailed    = "16" // 申请失败
)

// buyersTime is how long a buyer has to confirm.
const buyersTime = 72 * time.Hour

// redAsk is what saveInvoiceRedConfirm takes, for a whole invoice.
type redAsk struct {
	BillID                string `json:"billId"`
	BlueInvoiceLine       string `json:"blueInvoiceLine"`
	ApplySource           string `json:"applySource"`
	BlueInvoiceNumber     string `json:"blueInvoiceNumber"`
	BlueElecInvoiceNumber string `json:"blueElecInvoiceNumber"`
	SellerTaxNo           string `json:"sellerTaxNo"`
	SellerName            string `json:"sellerName"`
	BuyerTaxNo            string `json:"buyerTaxNo"`
	BuyerName             string `json:"buyerName"`
	RedReason             string `json:"redReason"`
	OrderNo               string `json:"orderNo"`
	CallbackURL           string `json:"callbackUrl"`
	Detail                []any  `json:"detail"`
}

// form is one confirmation form.
type form struct {
	Ask       redAsk    `json:"ask"`
	BlueOrder string    `json:"blue_order"` // order number of the invoice it takes back
	BillNo    string    `json:"bill_no"`
	BillUUID  string    `json:"bill_uuid"`
	At        time.Time `json:"at"`
	Applied   time.Time `json:"applied"`  // when the bureau has it
	Decided   time.Time `json:"decided"`  // when Decision holds; zero for one that waits to be told
	Decision  string    `json:"decision"` // state after Decided
	Waits     bool      `json:"waits"`    // for the buyer, between Applied and Decided
	Message   string    `json:"message"`
}

// markers in a buyer's name choose what becomes of the form; all others need no confirmation.
var markers = []struct {
	word, decision string
	waits, forEver bool
	message        string
}{
	{"红冲待确认", formTimedOut, true, true, ""},   // waits until told otherwise, or until the time is over
	{"红冲须确认", formConfirmed, true, false, ""}, // waits, then the buyer confirms
	{"红冲被拒", formDenied, true, false, ""},     // waits, then the buyer denies
	{"红冲失败", formFailed, false, false, "电子税务局登录已失效，请重新扫脸认证后再申请"},
}

// status is where a form stands at a time.
func (f form) status(now time.Time) string {
	switch {
	case now.Before(f.Applied):
		return formApplying
	case now.Before(f.Decided) && f.Waits:
		return formWaiting
	}
	return f.Decision
}

// leads tells whether the red invoice follows.
func (f form) leads() bool { return f.Decision == formNotNeeded || f.Decision == formConfirmed }

var billID = regexp.MustCompile(`^[0-9A-Za-z_-]{1,32}$`)

// saveRed answers saveInvoiceRedConfirm. A number is taken once; what became of it tells queryInvoiceRedConfirm.
func (p *Platform) saveRed(body []byte) answer {
	var in redAsk
	if err := json.Unmarshal(body, &in); err != nil {
		return answer{Code: codeInvalid, Describe: "报文格式错误"}
	}
	in.BillID = cmp.Or(in.BillID, digits(19))
	in.BlueElecInvoiceNumber = cmp.Or(in.BlueElecInvoiceNumber, in.BlueInvoiceNumber)
	in.OrderNo = cmp.Or(in.OrderNo, "HC"+digits(18))
	if _, ok := p.forms.Get(in.BillID); ok {
		return answer{Code: "E9999", Describe: "申请号重复"}
	}
	blue, ok := p.byNumber(in.BlueElecInvoiceNumber)
	if bad := p.checkRed(in, blue, ok); bad != nil {
		return *bad
	}
	at := p.opt.Now()
	f := form{Ask: in, BlueOrder: blue.Order.OrderNo, BillNo: digits(18), BillUUID: digits(31), At: at, Applied: at.Add(p.opt.Delay / 2), Decision: formNotNeeded}
	f.Decided = f.Applied
	for _, m := range markers {
		if !strings.Contains(blue.Order.BuyerName, m.word) {
			continue
		}
		f.Decision, f.Waits, f.Message, f.Decided = m.decision, m.waits, m.message, f.Applied.Add(p.opt.Delay)
		if m.forEver {
			f.Decided = f.Applied.Add(buyersTime)
		}
	}
	if t, ok := p.opt.Troubles.Take("red_form"); ok { // ordered for the next form: the code is its state
		f = f.decide(t.Code, at)
	}
	kept, fresh, err := p.forms.Add(in.BillID, f)
	switch {
	case err != nil:
		return answer{Code: "E9999", Describe: err.Error()}
	case !fresh:
		return answer{Code: "E9999", Describe: "申请号重复"}
	}
	p.follow(kept)
	return answer{Code: codeOK, Describe: "红字确认单申请提交成功", Result: kept.Ask.BillID}
}

// decide gives a form a state: waiting means until it is told otherwise.
func (f form) decide(state string, now time.Time) form {
	f.Decision, f.Decided, f.Waits = state, now, false
	if state == formWaiting {
		f.Decision, f.Decided, f.Waits = formTimedOut, now.Add(buyersTime), true
	}
	if now.Before(f.Applied) && state != formWaiting {
		f.Decided = f.Applied
	}
	return f
}

func (p *Platform) checkRed(in redAsk, blue invoice, found bool) *answer {
	bad := func(code, describe string) *answer { return &answer{Code: code, Describe: describe} }
	switch {
	case !billID.MatchString(in.BillID):
		return bad(codeInvalid, "billId不超过32位")
	case in.ApplySource != "0":
		return bad(codeInvalid, "applySource仅支持0（销方）")
	case len(in.RedReason) != 1 || !strings.Contains("1234", in.RedReason):
		return bad(codeInvalid, "redReason应为1至4")
	case in.SellerTaxNo != p.opt.SellerTaxNo:
		return bad(codeInvalid, "销方税号与授权商户不一致")
	case len(in.OrderNo) > 20:
		return bad(codeInvalid, "orderNo不超过20位")
	case len(in.Detail) > 0:
		return bad(codeInvalid, "仅支持全额冲红，不传明细")
	case !found || blue.status(p.opt.Now()) != statusDone || blue.Red != "":
		return bad(codeNotFound, "未查询到对应的蓝字发票")
	case in.BlueInvoiceLine != blue.Order.InvoiceLine:
		return bad(codeInvalid, "blueInvoiceLine与蓝字发票票种不一致")
	case in.BuyerName != "" && in.BuyerName != blue.Order.BuyerName:
		return bad(codeInvalid, "购方名称与蓝字发票不一致")
	case p.takenBack(blue):
		return bad("E9103", "该发票不能重复冲红")
	}
	return nil
}

// takenBack tells whether a form of the invoice is open or has led to its red one.
func (p *Platform) takenBack(blue invoice) bool {
	now := p.opt.Now()
	for _, f := range p.forms.All() {
		if f.BlueOrder != blue.Order.OrderNo {
			continue
		}
		switch f.status(now) {
		case formDenied, formTimedOut, formWithdrawn, formFailed:
		default:
			return true
		}
	}
	return false
}

// byNumber finds an invoice by its 20 digits.
func (p *Platform) byNumber(number string) (invoice, bool) {
	for _, v := range p.invoices.All() {
		if v.Number == number && number != "" {
			return v, true
		}
	}
	return invoice{}, false
}

// follow has the red invoice made when the form is decided. Whoever asks before that timer fires has it made too
// (settle), so that it never shows whether a timer was late.
func (p *Platform) follow(f form) {
	time.AfterFunc(f.Decided.Sub(p.opt.Now())+10*time.Millisecond, p.settle)
}

// settle makes the red invoices of all forms that have come so far.
func (p *Platform) settle() {
	now := p.opt.Now()
	for _, f := range p.forms.All() {
		if now.Before(f.Decided) || !f.leads() {
			continue
		}
		if err := p.issueRed(f); err != nil {
			p.opt.Log.Error("red invoice not made", "form", f.Ask.BillID, "error", err)
		}
	}
}

// issueRed makes the red invoice of a form; fully digital ones follow by themselves. A second call for a form changes
// nothing.
func (p *Platform) issueRed(f form) error {
	if _, ok := p.invoices.Get(f.Ask.OrderNo); ok {
		return nil
	}
	blue, ok := p.invoices.Get(f.BlueOrder)
	if !ok {
		return fmt.Errorf("nuonuo: red letter: %w: %s", shelf.ErrMissing, f.BlueOrder)
	}
	at := f.Decided
	v := invoice{
		Serial: at.In(beijing).Format("060102150405") + digits(8), Number: at.In(beijing).Format("06") + "44" + digits(16), Order: blue.Order,
		ExTaxFen: -blue.ExTaxFen, TaxFen: -blue.TaxFen, At: at, Due: at.Add(p.opt.Delay), Red: f.Ask.BillID,
	}
	v.Order.OrderNo, v.Order.InvoiceType, v.Order.CallBackURL = f.Ask.OrderNo, "2", f.Ask.CallbackURL
	v.Order.Remark = "被红冲蓝字数电票号码：" + blue.Number + " 红字发票信息确认单编号：" + f.BillNo
	kept, fresh, err := p.invoices.Add(v.Order.OrderNo, v)
	if err != nil {
		return fmt.Errorf("nuonuo: red letter: %w", err)
	}
	if fresh {
		p.tell(kept)
	}
	return nil
}

// formView is one element of queryInvoiceRedConfirm's list.
type formView struct {
	BillNo                string `json:"billNo"`
	BillUUID              string `json:"billUuid"`
	BillID                string `json:"billId"`
	BillStatus            string `json:"billStatus"`
	BillMessage           string `json:"billMessage"`
	InvoiceSerialNum      string `json:"invoiceSerialNum"`
	OrderNo               string `json:"orderNo"`
	RedInvoiceNumber      string `json:"redInvoiceNumber"`
	RequestStatus         string `json:"requestStatus"`
	OpenStatus            string `json:"openStatus"`
	ApplySource           string `json:"applySource"`
	BlueInvoiceLine       string `json:"blueInvoiceLine"`
	BlueInvoiceNumber     string `json:"blueInvoiceNumber"`
	BlueElecInvoiceNumber string `json:"blueElecInvoiceNumber"`
	BlueInvoiceTime       string `json:"blueInvoiceTime"`
	BillTime              string `json:"billTime"`
	ConfirmTime           string `json:"confirmTime"`
	SellerTaxNo           string `json:"sellerTaxNo"`
	SellerName            string `json:"sellerName"`
	BuyerTaxNo            string `json:"buyerTaxNo"`
	BuyerName             string `json:"buyerName"`
	TaxExcludedAmount     string `json:"taxExcludedAmount"`
	TaxAmount             string `json:"taxAmount"`
	RedReason             string `json:"redReason"`
}

// queryRed answers queryInvoiceRedConfirm: by one of a form's three numbers, or all forms of a time of at most 90 days.
// Nothing found is an empty list, no error.
func (p *Platform) queryRed(body []byte) answer {
	var in struct {
		Identity, BillStatus, BillID, BillNo, BillUUID string
		BillTimeStart, BillTimeEnd, PageSize, PageNo   string
	}
	if err := json.Unmarshal(body, &in); err != nil || in.Identity != "0" {
		return answer{Code: codeInvalid, Describe: "identity仅支持0（销方）"}
	}
	p.settle()
	byNumber := in.BillID != "" || in.BillNo != "" || in.BillUUID != ""
	from, err1 := time.ParseInLocation(time.DateOnly, in.BillTimeStart, beijing)
	to, err2 := time.ParseInLocation(time.DateOnly, in.BillTimeEnd, beijing)
	if !byNumber && (err1 != nil || err2 != nil || to.Sub(from) > 90*24*time.Hour) {
		return answer{Code: codeInvalid, Describe: "填开时间范围必填且不超过90天"}
	}
	list := []formView{}
	for _, f := range p.forms.All() {
		switch {
		case in.BillID != "" && in.BillID != f.Ask.BillID, in.BillNo != "" && in.BillNo != f.BillNo, in.BillUUID != "" && in.BillUUID != f.BillUUID:
		case !byNumber && (f.At.Before(from) || !f.At.Before(to.AddDate(0, 0, 1))):
		default:
			if v := p.viewOf(f); in.BillStatus == "" || in.BillStatus == v.BillStatus {
				list = append(list, v)
			}
		}
	}
	size, no := page(in.PageSize, 10, 50), page(in.PageNo, 1, 1<<20)
	total := len(list)
	list = list[min((no-1)*size, total):min(no*size, total)]
	return answer{Code: codeOK, Describe: "查询成功", Result: map[string]any{"total": total, "list": list}}
}

// page reads a number of a page or its size.
func page(text string, usual, most int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return usual
	}
	return min(n, most)
}

func (p *Platform) viewOf(f form) formView {
	now := p.opt.Now()
	blue, _ := p.invoices.Get(f.BlueOrder)
	v := formView{
		BillID: f.Ask.BillID, BillStatus: f.status(now), OpenStatus: "0", ApplySource: f.Ask.ApplySource,
		BlueInvoiceLine: f.Ask.BlueInvoiceLine, BlueInvoiceNumber: f.Ask.BlueElecInvoiceNumber, BlueElecInvoiceNumber: f.Ask.BlueElecInvoiceNumber,
		BlueInvoiceTime: minute(blue.Due), BillTime: minute(f.At), SellerTaxNo: p.opt.SellerTaxNo, SellerName: p.opt.SellerName,
		BuyerTaxNo: blue.Order.BuyerTaxNum, BuyerName: blue.Order.BuyerName, TaxExcludedAmount: yuan(-blue.ExTaxFen), TaxAmount: yuan(-blue.TaxFen),
		RedReason: f.Ask.RedReason,
	}
	if v.BillStatus == formFailed {
		v.BillMessage = f.Message
	}
	if v.BillStatus != formApplying && v.BillStatus != formFailed {
		v.BillNo, v.BillUUID = f.BillNo, f.BillUUID
	}
	red, made := p.invoices.Get(f.Ask.OrderNo)
	if !made || red.Red != f.Ask.BillID {
		return v
	}
	v.ConfirmTime, v.InvoiceSerialNum, v.OrderNo = minute(f.Decided), red.Serial, red.Order.OrderNo
	if red.status(now) == statusDone {
		v.OpenStatus, v.RedInvoiceNumber = "1", red.Number
	}
	return v
}

func minute(t time.Time) string { return t.In(beijing).Format(time.DateTime) }

// refreshRed answers refreshInvoiceRedConfirm, which has the platform fetch what the bureau knows: here it always does.
func (p *Platform) refreshRed([]byte) answer { return answer{Code: codeOK, Describe: "提交成功"} }

// cancelRed answers confirmInfoCancel: the seller withdraws a form that waits for its buyer.
func (p *Platform) cancelRed(body []byte) answer {
	var in struct{ BillID, Identity string }
	if err := json.Unmarshal(body, &in); err != nil || in.Identity != "0" {
		return answer{Code: codeInvalid, Describe: "identity仅支持0（销方）"}
	}
	now := p.opt.Now()
	f, ok := p.forms.Get(in.BillID)
	if !ok {
		return answer{Code: codeNotFound, Describe: "未查询到红字确认单"}
	}
	if f.status(now) != formWaiting {
		return answer{Code: "E9999", Describe: "当前状态的红字确认单不能撤销"}
	}
	if _, err := p.forms.Update(in.BillID, func(f *form) error { *f = f.decide(formWithdrawn, now); return nil }); err != nil {
		return answer{Code: "E9999", Describe: err.Error()}
	}
	return answer{Code: codeOK, Describe: "撤销提交成功"}
}
