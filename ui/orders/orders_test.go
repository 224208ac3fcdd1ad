package orders

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/board"
	"caconsole/admin/document"
	"caconsole/admin/flow"
	"caconsole/admin/identity"
	"caconsole/admin/order"
	online "caconsole/admin/payment"
	"caconsole/admin/review"
	"caconsole/issuance"
	"caconsole/rbac"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
)

// asked runs fn as the handler of a page that somebody with the permissions asks for.
func asked(t *testing.T, target string, permissions []string, fn func(c *page.Ctx)) {
	t.Helper()
	ran := false
	s := pagetest.New(t, permissions, func(r *page.Router) {
		r.Templates("orders", files)
		r.Get("/orders/:no", page.LoggedIn, func(c *page.Ctx) error {
			ran = true
			fn(c)
			return c.Redirect("/", "")
		})
	})
	require.Equal(t, 303, s.Get(target).Status)
	require.True(t, ran)
}

func TestDiffering(t *testing.T) {
	for _, x := range []struct {
		a, b string
		want Marked
	}{
		{"启衡有限公司", "启衡有限责任公司", Marked{"启衡有限", "责任", "公司"}},
		{"启衡有限责任公司", "启衡有限公司", Marked{"启衡有限", "", "公司"}},
		{"启衡", "恒屿", Marked{"", "恒屿", ""}},
		{"", "启衡", Marked{"", "启衡", ""}},
		{"启衡", "", Marked{}},
		{"ab", "aab", Marked{"a", "a", "b"}},
		{"same", "same", Marked{"same", "", ""}},
	} {
		require.Equal(t, x.want, differing(x.a, x.b), "%s %s", x.a, x.b)
	}
}

func sampleCase() flow.Case {
	o := order.Order{
		No: "R261122000311", Holder: "深圳(南山)启衡有限公司", OrgIDKind: "organisation_code", OrgIDNumber: "MA5F7K2Q4", MediumNo: "3888",
		Agent: order.Masked{Name: "周*", IDNumber: "440***********0026", Phone: "138****5678", Email: "z***@x.example"}, Legal: order.Masked{Name: "李**"},
		Gates: order.Gates{Path: order.Reviewed, Telecom: order.Match, ContentVersion: 3},
	}
	return flow.Case{Order: o, Old: issuance.Pair{Holder: "深圳（南山） 启衡有限公司", OrgIDNumber: "91440300MA5F7K2Q4T", MediumNo: "3888"}}
}

func TestCompare(t *testing.T) {
	asked(t, "/orders/x", []string{rbac.CaseReveal}, func(c *page.Ctx) {
		v := sampleCase()
		v.Order.OrgIDFlag = "org_code"
		rows := compare(c, v)
		require.False(t, rows[0].Differs, "width, spaces and brackets are no difference")
		require.False(t, rows[0].Same, "and yet the name is written otherwise, which is shown")
		require.False(t, rows[1].Differs, "the old 9-character code was accepted")
		require.NotEmpty(t, rows[1].Status.Word)

		v.Order.OrgIDFlag, v.Order.Gates.Telecom = "", order.Mismatch
		rows = compare(c, v)
		require.True(t, rows[0].Differs && rows[1].Differs && !rows[2].Differs, "mismatches come first")
		for _, r := range rows {
			if r.Masked != nil {
				require.NotContains(t, r.Masked.Mask, "13800005678")
				require.NotEmpty(t, r.Masked.Action)
			}
		}
	})
	asked(t, "/orders/x", nil, func(c *page.Ctx) {
		for _, r := range compare(c, sampleCase()) {
			if r.Masked != nil {
				require.Empty(t, r.Masked.Action, "only those who may reveal are offered to")
			}
		}
	})
}

func TestPapers(t *testing.T) {
	form := document.Document{ID: uuid.New(), Kind: document.ApplicationForm, Version: 2, Pages: 2, Images: document.ImagesReady}
	licence := document.Document{ID: uuid.New(), Kind: document.BusinessLicence, Version: 1, Pages: 1, Images: document.ImagesFailed}
	v := sampleCase()
	v.Papers = []document.Document{form, licence}
	for _, x := range []struct {
		query       string
		shown, page int
		wide, crops bool
	}{
		{"", 0, 1, false, false},
		{"page=2", 0, 2, false, true},
		{"page=3", 0, 1, false, false},
		{"page=2&fit=width", 0, 2, true, false},
		{"paper=" + licence.ID.String(), 1, 1, false, false},
		{"paper=nonsense&page=-1", 0, 1, false, false},
	} {
		asked(t, "/orders/x?"+x.query, nil, func(c *page.Ctx) {
			all, shown := papers(c, v, 2)
			require.Len(t, all, 2)
			require.Same(t, &all[x.shown], shown, x.query)
			require.Equal(t, x.page, shown.Page, x.query)
			require.Equal(t, x.wide, shown.Wide, x.query)
			require.Equal(t, x.crops, shown.Crops, "stamp and signature are on the form's last page")
			require.Equal(t, x.wide, strings.Contains(shown.Image, "size=large"))
			require.True(t, all[0].Renewed && !all[1].Renewed)
		})
	}
	asked(t, "/orders/x", nil, func(c *page.Ctx) {
		all, shown := papers(c, flow.Case{}, 1)
		require.Empty(t, all)
		require.Nil(t, shown)
	})
}

func TestPastAndVerdict(t *testing.T) {
	me, other := uuid.MustParse("01930000-0000-7000-8000-000000000217"), uuid.New()
	asked(t, "/orders/x", []string{rbac.CaseDecide, rbac.CaseClaim}, func(c *page.Ctx) {
		v := sampleCase()
		v.Order.Stage = order.StageReview
		v.Deciders = map[uuid.UUID]string{other: "王海涛 0132"}
		v.Verdicts = []review.Verdict{
			{Decision: review.Approved, StaffID: other},
			{Decision: review.Returned, StaffID: other, Items: []review.Item{{Kind: "application_form", Reason: "stamp_unclear"}}},
			{Decision: review.Returned, StaffID: other},
		}
		var p CasePage
		p.past(c, v)
		require.Equal(t, 3, p.Round, "each return began a submission, an approval none")
		require.Equal(t, "公章不清晰", p.Returned.Reasons)
		require.Equal(t, "王海涛 0132", p.Returned.By)

		until := pagetest.Now.Add(9 * time.Minute)
		v.Line = board.OrderLine{ClaimStaff: &other, ClaimUntil: &until, ClaimName: "王海涛", ClaimNo: "0132"}
		p.Claim = claim(c, v)
		require.Equal(t, Claim{Other: "王海涛 0132", Left: "9 分"}, p.Claim)
		p.verdict(c, v)
		require.Nil(t, p.Verdict, "who does not hold the order gets no verdict form")
		require.Equal(t, review.CheckStampClear, p.Missing[0])

		v.Line.ClaimStaff = &me
		v.Draft = review.Draft{Checks: []review.Check{review.CheckStampClear}, Items: []review.Item{{Kind: "business_licence", Reason: "name_differs"}}}
		p = CasePage{Claim: claim(c, v)}
		p.verdict(c, v)
		require.NotNil(t, p.Verdict)
		require.Equal(t, []bool{true, false, true, false}, []bool{p.Checks[0].Ticked, p.Checks[0].First, p.Checks[1].First, p.Checks[2].First})
		require.Equal(t, "营业执照：执照名称与证书登记名称不一致，请核对后重传", p.Verdict.Written)
		require.Equal(t, "0311", p.Verdict.Last4)
	})
}

// What applicants read is Chinese, also when it is written by somebody who reads English.
func TestWrittenInChinese(t *testing.T) {
	s := pagetest.New(t, nil, func(r *page.Router) {
		r.Templates("orders", files)
		r.Get("/x", page.LoggedIn, func(c *page.Ctx) error {
			text := write(c, []review.Item{{Kind: "application_form", Reason: "stamp_missing"}, {Kind: "application_form", Reason: "no such"}})
			return c.Bytes("text/plain", "", []byte(text))
		})
	})
	s.Lang = "en"
	require.Equal(t, "申请表：没有公章，请加盖单位红色公章", s.Get("/x").Body)
}

func TestPanel(t *testing.T) {
	a := identity.Attempt{ID: uuid.New(), State: identity.Passed, Score: 9240, Threshold: 8000, Live: true, Number: 1, FinishedAt: pagetest.Now}
	asked(t, "/orders/x", []string{rbac.IdentityView}, func(c *page.Ctx) {
		p := panel(c, order.Order{No: "R1"}, a)
		require.Equal(t, []any{"92.4", "80.0", 92, page.OK, page.OK}, []any{p.Score, p.Threshold, p.Percent, p.Status.Tone, p.Live.Tone})
		require.Len(t, p.Pictures, 2)
		waiting := panel(c, order.Order{}, identity.Attempt{State: identity.Pending, Score: -1})
		require.Equal(t, "—", waiting.Score)
		require.Empty(t, waiting.Live.Word)
	})
	asked(t, "/orders/x", nil, func(c *page.Ctx) {
		require.Empty(t, panel(c, order.Order{}, a).Pictures, "portraits only for those who may see them")
	})
}

// An order of the online path has no papers, no identity and no legal person: the page says so and shows the course.
func TestCaseOfAnOnlineOrder(t *testing.T) {
	render := func(c *page.Ctx) error {
		v := sampleCase()
		v.Order.Gates, v.Order.Legal, v.Order.Stage = order.NewGates(order.Online), order.Masked{}, order.StagePayment
		v.Order.Gates.Telecom = order.Match
		v.Events = []order.Event{{Move: order.Move{Gate: "path", From: "online", To: "reviewed"}}}
		p := CasePage{
			No: v.Order.No, Kind: order.Renewal, Path: order.Online, Years: 1, Online: true, MaySee: c.Actor().Can(rbac.DocumentView),
			Strip: page.OrderGates(v.Order.Gates).Strip(), Compare: compare(c, v), Owed: payment(c, v), Round: 1,
			Steps: []page.Step{page.EventStep(c, v.Events[0])},
		}
		return c.Render("orders/case", p)
	}
	for name, permissions := range map[string][]string{"finance": nil, "reviewer": {rbac.DocumentView, rbac.IdentityView}} {
		t.Run(name, func(t *testing.T) {
			s := pagetest.New(t, permissions, func(r *page.Router) {
				r.Templates("orders", files)
				r.Get("/orders/:no", page.LoggedIn, render)
			})
			got := s.Get("/orders/R261122000311")
			require.Equal(t, 200, got.Status)
			require.Contains(t, got.Body, "转为 已过期 · 走审核")
			require.NotContains(t, got.Body, "还没有身份认证")
			require.NotContains(t, got.Body, "申请人上传后会显示在这里")
			require.NotContains(t, got.Body, "法人")
		})
	}
}

// The payment card tells of money that came by a vendor, why some of it pays nothing, and how far it has gone back.
func TestMoneyOnTheCard(t *testing.T) {
	asked(t, "/orders/x", nil, func(c *page.Ctx) {
		v := sampleCase()
		at := time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)
		require.Empty(t, payment(c, v).Moved)
		v.Money = []online.Arrival{
			{Method: online.WeChat, Received: online.Received{TransactionID: "4200001", Amount: 40000, PaidAt: at}},
			{Method: online.Alipay, Received: online.Received{TransactionID: "2026222", Amount: 40000, PaidAt: at}, Suspense: online.PaidTwice},
		}
		v.Refunds = []online.Refund{
			{OwnNo: "R261122000311_2_r1", Amount: 40000, State: online.Sent, CreatedAt: at},
			{OwnNo: "R261122000311_1_r1", VendorNo: "5030001", Amount: 40000, State: online.Done, CreatedAt: at, DoneAt: at.Add(time.Hour)},
		}
		require.Equal(t, []Moved{
			{Label: "微信支付", Number: "4200001", Amount: 40000, At: at},
			{Label: "支付宝", Number: "2026222", Amount: 40000, At: at, Word: "重复付款，挂账"},
			{Label: "退款", Number: "R261122000311_2_r1", Amount: 40000, At: at, Word: "退款中"},
			{Label: "退款", Number: "5030001", Amount: 40000, At: at.Add(time.Hour), Word: "已退款"},
		}, payment(c, v).Moved)
	})
}
