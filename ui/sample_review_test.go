package ui_test

import (
	"time"

	"github.com/google/uuid"

	"caconsole/admin/board"
	"caconsole/admin/order"
	"caconsole/ui/orders"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
	"caconsole/ui/queue"
)

const (
	caseHolder = "深圳市启衡核电工程有限公司"
	caseCode   = "91440300MA5F7K2Q4T"
	caseMedium = "3888010222140701"
)

var (
	caseNo    = order.FormatNo(pagetest.Now, 31)
	sampleID  = uuid.MustParse("01930000-0000-7000-8000-00000000000a")
	formID    = uuid.MustParse("01930000-0000-7000-8000-00000000000b")
	licenceID = uuid.MustParse("01930000-0000-7000-8000-00000000000c")
	voucherID = uuid.MustParse("01930000-0000-7000-8000-00000000000d")
)

var companies = []string{
	"阳江市海陵湾检修服务有限公司", "惠州市稔平电气有限公司", "宁德市霞浦湾材料科技有限公司", "防城港市北仑湾环保科技有限公司",
	"深圳市启衡核电工程有限公司", "台山市澜石设备安装有限公司", "大连瓦房店恒屿阀门制造有限公司", "福清市江阴港区物流服务有限公司",
	"烟台海阳蓝湾检测技术有限公司", "连云港市灌河口仪表有限责任公司", "嘉兴市秦山湾自动化工程有限公司", "昌江县棋子湾后勤服务有限公司",
	"中广核（深圳）运营技术与辐射监测有限公司阳江东平分公司", "湛江市东海岛管道工程有限公司", "新疆维吾尔自治区哈密市伊州区广恒新能源发电技术服务有限责任公司第二分公司",
}

var colleagues = []struct{ name, no string }{{"王海涛", "0132"}, {"赵思远", "0245"}, {"何佳怡", "0251"}}

func company(i int) string { return companies[i%len(companies)] }

func no(i int) string { return order.FormatNo(pagetest.Now, int64(i+9)) }

func ago(d time.Duration) *time.Time { t := pagetest.Now.Add(-d); return &t }

// line is the i-th order of a list.
func line(i int) board.OrderLine {
	return board.OrderLine{
		No: no(i), Holder: company(i), Kind: order.Renewal, Path: order.Reviewed, Years: 1 + i%3, Stage: order.StageReview, Review: order.Queued,
		SubmittedAt: ago(time.Duration(i+20) * 7 * time.Minute), StageSince: *ago(time.Duration(i+20) * 7 * time.Minute), CreatedAt: *ago(time.Duration(i+40) * 9 * time.Minute),
	}
}

func queueLines(w words) []queue.Line {
	var out []queue.Line
	for i := range 50 {
		left := time.Duration(i-1)*7*time.Minute + 8*time.Minute
		l := queue.Line{
			OrderLine: line(i), Status: page.Status{Tone: page.Progress, Word: w("stage.review", nil)},
			Due: page.Status{Tone: page.NotYet, Word: page.Span(w("lang", nil), left)}, Tight: left < 10*time.Minute,
		}
		switch {
		case left < 0:
			l.Due = page.Status{Tone: page.Bad, Word: w("queue.overdue", map[string]any{"span": left})}
		case left < 30*time.Minute:
			l.Due.Tone = page.Warn
		}
		switch i % 7 {
		case 3:
			l.ClaimName, l.ClaimNo, l.Left = colleagues[i%3].name, colleagues[i%3].no, page.Span(w("lang", nil), 9*time.Minute)
		case 4:
			l.Rounds, l.Status = 1, page.Status{Tone: page.Back, Word: w("queue.resent", nil)}
			l.Mine, l.Left = i == 4, page.Span(w("lang", nil), 13*time.Minute)
		}
		out = append(out, l)
	}
	return out
}

func queueList(w words, tab board.QueueTab, lines []queue.Line) queue.List {
	l := queue.List{
		Tab: tab, MayClaim: true, Lines: lines,
		Query: page.Query{Action: "/queue", Hidden: map[string]string{"tab": string(tab)}, Fields: []page.QueryField{
			{Name: "no", Label: w("queue.no", nil), Kind: "text", Placeholder: w("queue.no.hint", nil)},
			{Name: "holder", Label: w("queue.holder", nil), Kind: "text", Placeholder: w("queue.holder.hint", nil)},
		}},
		Pager: page.Pager{Shown: len(lines), Page: 1, Size: 50, Total: 128, Next: "/queue?after=x"},
		Empty: page.Empty{Title: w("queue.empty."+string(tab), nil), Text: w("queue.empty."+string(tab)+".text", nil)},
	}
	for i, t := range board.QueueTabs {
		n := []string{"128", "3", "9", "5", "12", "1,000+"}[i%6]
		if len(lines) == 0 {
			n = "0"
		}
		l.Tabs = append(l.Tabs, page.Tab{Word: w("queue.tab."+string(t), nil), URL: "/queue?tab=" + string(t), Count: n, Current: t == tab})
	}
	return l
}

func orderList(w words, lines int) orders.ListPage {
	p := orders.ListPage{
		Query: page.Query{Action: "/orders", Fields: []page.QueryField{
			{Name: "no", Label: w("orders.no", nil), Kind: "text", Placeholder: w("orders.no.hint", nil)},
			{Name: "holder", Label: w("orders.holder", nil), Kind: "text", Placeholder: w("orders.holder.hint", nil)},
			{Name: "stage", Label: w("orders.stage", nil), Kind: "select", Options: []page.Choice{{Value: "review", Word: w("stage.review", nil)}}},
		}},
		Empty: page.Empty{Title: w("orders.empty", nil), Text: w("orders.empty.text", nil)},
		Pager: page.Pager{Shown: lines, Size: lines, Total: lines, Capped: true, Next: "/orders?after=x"},
	}
	tones := []string{page.Progress, page.OK, page.Back, page.Closed}
	for i := range lines {
		l := line(i)
		l.Stage = order.AllStages[i%len(order.AllStages)]
		p.Lines = append(p.Lines, orders.ListLine{OrderLine: l, Status: page.Status{Tone: tones[i%4], Word: w("stage."+string(l.Stage), nil)}})
	}
	return p
}

// reviewScreens are the reviewer's.
func reviewScreens() []screen {
	tab := func(name board.QueueTab, lines bool) func(words) any {
		return func(w words) any {
			if !lines {
				return queueList(w, name, nil)
			}
			return queueList(w, name, queueLines(w))
		}
	}
	list := func(lines int) func(words) any { return func(w words) any { return orderList(w, lines) } }
	return append([]screen{
		{name: "queue", path: "/queue", template: "queue/queue", data: tab(board.TabOpen, true)},
		{name: "queue-empty", path: "/queue", template: "queue/queue", data: tab(board.TabMine, false)},
		{name: "orders", path: "/orders", template: "orders/list", data: list(50)},
		{name: "orders-empty", path: "/orders", template: "orders/list", data: list(0)},
	}, caseScreens()...)
}
