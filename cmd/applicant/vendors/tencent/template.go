package tencent

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Template is one text the vendor has approved; {1}, {2} … are its variables.
type Template struct {
	ID   string // the vendor's number, sent as TemplateId
	Name string // what the customer calls it; it is written to the outbox
	Text string
}

// Approved is the list of texts the demo's account has had approved. pickup is the fixed address in the invoice's text:
// an address may stand in a text, never in a variable.
func Approved(pickup string) []Template {
	return []Template{
		{"2100001", "login_code", "验证码{1}，{2}分钟内有效，用于登录证书续期业务。如非本人操作，请忽略本短信。"},
		{"2100002", "accepted", "您的证书续期订单{1}已受理，请按页面提示继续办理。咨询电话400-112-3838。"},
		{"2100003", "payment_settled", "订单{1}的费用{2}元已到账。后续进度将以短信通知。"},
		{"2100004", "payment_reminder", "订单{1}的费用{2}元尚未到账，请从贵单位对公账户汇款并上传汇款凭证；逾期订单将自动关闭。"},
		{"2100005", "returned", "订单{1}的资料需要补正：{2}。请登录办理页面按提示重新提交。"},
		{"2100006", "rejected", "订单{1}的续期申请未通过审核：{2}。已缴费用将原路退回。"},
		{"2100007", "approved", "订单{1}审核通过，请用驱动更新证书。咨询电话400-112-3838。"},
		{"2100008", "invoice", "订单{1}的电子发票已开具，请访问 " + pickup + " 输入提取码{2}下载。"},
		{"2100009", "unpaid_reminder", "订单{1}的费用{2}元尚未支付，请在{3}前办完并支付，逾期订单将自动关闭。"},
		{"2100010", "part_paid", "订单{1}已到账{2}元，还差{3}元，请从贵单位对公账户补足差额；补足后订单自动继续办理。"},
		{"2100011", "difference_reminder", "订单{1}更正年限后还差{2}元，请登录办理页面补缴差价，或者改回原来的年限。已付款项保留，补缴后订单自动继续办理。"},
		{"2100012", "closed_unpaid", "订单{1}逾期未缴费，已关闭。如需续期，请重新提交。咨询电话400-112-3838。"},
		{"2100013", "closed_expired", "订单{1}在证书到期前未缴费，已关闭。请按证书已过期的流程重新提交。咨询电话400-112-3838。"},
		{"2100014", "moved_to_reviewed", "订单{1}的原证书已过期，所付费用继续有效。请登录办理页面补交资料：加盖红色公章的续期申请表、加盖公章的营业执照复印件，并由经办人完成身份认证。审核通过后即可更新证书。"},
		{"2100015", "withdrawn", "订单{1}已按您的要求撤回。如需续期，请重新提交。"},
		{"2100016", "withdrawn_paid", "订单{1}已按您的要求撤回，所付{2}元将原路退回，退回后短信通知。"},
		{"2100017", "paid_late", "订单{1}已关闭，随后支付的{2}元将原路退回。如需续期，请重新提交。"},
		{"2100018", "paid_twice", "订单{1}已收到两次付款，多付的{2}元将原路退回。"},
		{"2100019", "refund_sent", "订单{1}的退款{2}元已原路退回，请留意查收。咨询电话400-112-3838。"},
		{"2100020", "update_reminder", "订单{1}的证书可以更新已有{2}天，还没有更新到Ukey。请插上Ukey，打开驱动点“开始更新”。咨询电话400-112-3838。"},
		{"2100021", "expiry_reminder", "贵单位介质编号{1}的证书将于{2}到期，还有{3}天。请尽早登录办理页面续期；到期后续期须提交盖章资料并审核。咨询电话400-112-3838。"},
	}
}

var variable = regexp.MustCompile(`\{(\d+)\}`)

// variables is how many values the template takes.
func (t Template) variables() int {
	most := 0
	for _, m := range variable.FindAllStringSubmatch(t.Text, -1) {
		if n, err := strconv.Atoi(m[1]); err == nil && n > most {
			most = n
		}
	}
	return most
}

// fill puts the values into the text.
func (t Template) fill(values []string) string {
	pairs := make([]string, 0, 2*len(values))
	for i, v := range values {
		pairs = append(pairs, fmt.Sprintf("{%d}", i+1), v)
	}
	return strings.NewReplacer(pairs...).Replace(t.Text)
}
