package notify

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"caconsole/admin/fault"
)

// Template names a text. SMS vendors approve each text and know it by a number of their own.
type Template string

// The templates of PRODUCT.md's message list.
const (
	Login              Template = "login_code"
	Accepted           Template = "accepted"
	PaymentSettled     Template = "payment_settled"
	PaymentReminder    Template = "payment_reminder"
	UnpaidReminder     Template = "unpaid_reminder"
	DifferenceReminder Template = "difference_reminder"
	PartPaid           Template = "part_paid"
	ClosedUnpaid       Template = "closed_unpaid"
	ClosedExpired      Template = "closed_expired"
	MovedToReviewed    Template = "moved_to_reviewed"
	Withdrawn          Template = "withdrawn"
	WithdrawnPaid      Template = "withdrawn_paid"
	PaidLate           Template = "paid_late"
	PaidTwice          Template = "paid_twice"
	RefundSent         Template = "refund_sent"
	Returned           Template = "returned"
	Rejected           Template = "rejected"
	Approved           Template = "approved"
	Invoice            Template = "invoice"
	UpdateReminder     Template = "update_reminder"
	ExpiryReminder     Template = "expiry_reminder"
)

// Templates lists every template, in the order of a renewal's course. An installation knows the vendor's number of each.
var Templates = []Template{
	Login, Accepted, PaymentReminder, UnpaidReminder, DifferenceReminder, PartPaid, PaymentSettled, ClosedUnpaid, ClosedExpired,
	MovedToReviewed, Returned, Rejected, Withdrawn, WithdrawnPaid, PaidLate, PaidTwice, RefundSent, Approved, Invoice, UpdateReminder, ExpiryReminder,
}

// spec is a text with its variables in the order in which the vendor's approved template has them.
type spec struct {
	params  []string
	subject string // mail only
	text    string
	life    time.Duration // how long it is worth sending; zero for as long as it takes
	waits   bool          // not sent at night
}

// specs are the texts as applicants read them. An SMS's own words stand in the vendor's approved template of the same
// name; what is here serves mail and the preview that staff see.
var specs = map[Template]spec{
	Login: {
		params: []string{"code", "minutes"}, life: 5 * time.Minute,
		text: "验证码{code}，{minutes}分钟内有效，用于登录证书续期业务。如非本人操作，请忽略本短信。",
	},
	Accepted:       {params: []string{"no"}, text: "您的证书续期订单{no}已受理，请按页面提示继续办理。咨询电话400-112-3838。"},
	PaymentSettled: {params: []string{"no", "amount"}, text: "订单{no}的费用{amount}元已到账。后续进度将以短信通知。"},
	PaymentReminder: {
		params: []string{"no", "amount"}, waits: true,
		text: "订单{no}的费用{amount}元尚未到账，请从贵单位对公账户汇款并上传汇款凭证；逾期订单将自动关闭。",
	},
	UnpaidReminder: {
		params: []string{"no", "amount", "until"}, waits: true,
		text: "订单{no}的费用{amount}元尚未支付，请在{until}前办完并支付，逾期订单将自动关闭。",
	},
	DifferenceReminder: {
		params: []string{"no", "missing"}, waits: true,
		text: "订单{no}更正年限后还差{missing}元，请登录办理页面补缴差价，或者改回原来的年限。已付款项保留，补缴后订单自动继续办理。",
	},
	PartPaid: {
		params: []string{"no", "paid", "missing"},
		text:   "订单{no}已到账{paid}元，还差{missing}元，请从贵单位对公账户补足差额；补足后订单自动继续办理。",
	},
	ClosedUnpaid:  {params: []string{"no"}, text: "订单{no}逾期未缴费，已关闭。如需续期，请重新提交。咨询电话400-112-3838。"},
	ClosedExpired: {params: []string{"no"}, text: "订单{no}在证书到期前未缴费，已关闭。请按证书已过期的流程重新提交。咨询电话400-112-3838。"},
	MovedToReviewed: {
		params: []string{"no"},
		text: "订单{no}的原证书已过期，所付费用继续有效。请登录办理页面补交资料：加盖红色公章的续期申请表、加盖公章的营业执照复印件，" +
			"并由经办人完成身份认证。审核通过后即可更新证书。",
	},
	Withdrawn:     {params: []string{"no"}, text: "订单{no}已按您的要求撤回。如需续期，请重新提交。"},
	WithdrawnPaid: {params: []string{"no", "amount"}, text: "订单{no}已按您的要求撤回，所付{amount}元将原路退回，退回后短信通知。"},
	PaidLate:      {params: []string{"no", "amount"}, text: "订单{no}已关闭，随后支付的{amount}元将原路退回。如需续期，请重新提交。"},
	PaidTwice:     {params: []string{"no", "amount"}, text: "订单{no}已收到两次付款，多付的{amount}元将原路退回。"},
	RefundSent:    {params: []string{"no", "amount"}, text: "订单{no}的退款{amount}元已原路退回，请留意查收。咨询电话400-112-3838。"},
	UpdateReminder: {
		params: []string{"no", "days"}, waits: true,
		text: "订单{no}的证书可以更新已有{days}天，还没有更新到Ukey。请插上Ukey，打开驱动点“开始更新”。咨询电话400-112-3838。",
	},
	ExpiryReminder: {
		params: []string{"medium", "until", "days"}, waits: true,
		text: "贵单位介质编号{medium}的证书将于{until}到期，还有{days}天。请尽早登录办理页面续期；到期后续期须提交盖章资料并审核。咨询电话400-112-3838。",
	},
	Returned: {params: []string{"no", "reason"}, text: "订单{no}的资料需要补正：{reason}。请登录办理页面按提示重新提交。"},
	Rejected: {params: []string{"no", "reason"}, text: "订单{no}的续期申请未通过审核：{reason}。已缴费用将原路退回。"},
	Approved: {params: []string{"no"}, text: "订单{no}审核通过，请用驱动更新证书。咨询电话400-112-3838。"},
	Invoice: {
		params: []string{"no", "code"}, subject: "电子发票 · 订单 {no}",
		text: "您好：\n\n订单 {no} 的电子发票已开具，请打开以下链接下载：\n{link}\n\n" +
			"如链接无法打开，请访问 {page} 并输入提取码 {code}。\n\n服务热线 400-112-3838（7×24）",
	},
}

// Night, in Beijing, holds back what can wait: reminders, and sending again in bulk.
const (
	nightBegins = 21
	nightEnds   = 8
)

// IsNight tells whether what can wait is held back at a moment.
func IsNight(at time.Time) bool { return daytime(at).After(at) }

// daytime is at itself, or by night the next morning's first moment.
func daytime(at time.Time) time.Time {
	b := at.In(time.FixedZone("CST", 8*3600))
	morning := time.Date(b.Year(), b.Month(), b.Day(), nightEnds, 0, 0, 0, b.Location())
	switch {
	case b.Hour() < nightEnds:
		return morning
	case b.Hour() >= nightBegins:
		return morning.AddDate(0, 0, 1)
	}
	return at
}

// link finds what an SMS variable may not carry; vendors refuse it, so the house refuses it first.
var link = regexp.MustCompile(`(?i)https?:|www\.|[a-z0-9-]+\.(com|cn|net|org|cc|top|vip|ltd)\b`)

// maxVariable is the longest value of an SMS variable, in characters.
const maxVariable = 200

// CheckText refuses a text that an SMS variable cannot carry: Invalid "sms_link", "sms_too_long".
func CheckText(field, text string) error {
	if link.MatchString(text) {
		return fault.InvalidField(field, "sms_link")
	}
	if len([]rune(text)) > maxVariable {
		return fault.InvalidField(field, "sms_too_long")
	}
	return nil
}

// values returns the variables of an SMS in the template's order.
func (s spec) values(args map[string]string) ([]string, error) {
	out := make([]string, 0, len(s.params))
	for _, name := range s.params {
		v, ok := args[name]
		if !ok {
			return nil, fault.Wrap("message_incomplete", fmt.Errorf("notify: no value for %q", name))
		}
		out = append(out, v)
	}
	return out, nil
}

func fill(text string, args map[string]string) string {
	pairs := make([]string, 0, 2*len(args))
	for k, v := range args {
		pairs = append(pairs, "{"+k+"}", v)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

func minutes(d time.Duration) string { return strconv.Itoa(int(d.Minutes())) }
