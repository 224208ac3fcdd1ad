package board

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/money"
	"caconsole/admin/pg"
)

// InvoiceTab is one tab of the invoice list.
type InvoiceTab string

// The tabs: 全部, 开具中, 已开具, 失败 (of issuing or of delivery), 逾时 (settled for more than a day and not issued).
const (
	InvoiceAll    InvoiceTab = "all"
	InvoiceOpen   InvoiceTab = "open"
	InvoiceIssued InvoiceTab = "issued"
	InvoiceFailed InvoiceTab = "failed"
	InvoiceLate   InvoiceTab = "late"
)

// InvoiceTabs lists the tabs in display order.
var InvoiceTabs = []InvoiceTab{InvoiceAll, InvoiceOpen, InvoiceIssued, InvoiceFailed, InvoiceLate}

// lateAfter is when an invoice that is not issued becomes a mismatch of the day (PRODUCT: settled and not invoiced > 24 h).
const lateAfter = 24 * time.Hour

// InvoiceLine is one invoice of the list with what became of its two messages.
type InvoiceLine struct {
	ID        uuid.UUID
	OrderNo   string
	Title     string
	BuyerKind string // general or special
	Total     money.Fen
	State     string // of package invoice
	Number    string
	LastError string
	SMS       string // state of package notify; "" before the invoice is issued
	Mail      string
	CreatedAt time.Time
	IssuedAt  *time.Time
}

// InvoiceFilter narrows the list.
type InvoiceFilter struct {
	Tab   InvoiceTab
	No    string
	Title string
	After string
}

// latestMessage joins the newest version of an invoice's message on a channel.
func latestMessage(alias string) string {
	return `LEFT JOIN LATERAL (SELECT m.state FROM message m WHERE m.dedupe_key = 'invoice:' || i.id::text AND m.channel = '` + alias +
		`' ORDER BY m.version DESC LIMIT 1) ` + alias + ` ON true`
}

func (b *Board) invoices(ctx context.Context, a actor.Actor) *gorm.DB {
	q := b.db.ReadOnly(ctx).Gorm().Table("invoice i").Joins("JOIN orders o ON o.id = i.order_id").
		Joins(latestMessage("sms")).Joins(latestMessage("mail"))
	return scoped(q, a, "i.project_id")
}

const invoiceColumns = `i.id, o.no AS order_no, i.buyer_title AS title, i.buyer_kind, i.total_fen AS total, i.state, i.number, i.last_error,
	coalesce(sms.state, '') AS sms, coalesce(mail.state, '') AS mail, i.created_at, i.issued_at`

// Invoices lists invoices, newest first.
func (b *Board) Invoices(ctx context.Context, a actor.Actor, f InvoiceFilter) (Page[InvoiceLine], error) {
	after, err := decodeCursor(f.After)
	if err != nil {
		return Page[InvoiceLine]{}, err
	}
	limit := pageSize(0)
	list := func(narrow narrowing) ([]InvoiceLine, error) {
		q := narrow.where(scoped(b.db.ReadOnly(ctx).Gorm().Table("invoice i"), a, "i.project_id"))
		if f.No != "" {
			q = q.Where("i.order_id = (SELECT id FROM orders WHERE no = ?)", f.No)
		}
		if !after.At.IsZero() {
			q = q.Where("(i.created_at, i.id) < (?, ?)", after.At, after.ID)
		}
		return b.invoiceLines(ctx, q, narrow.sort, limit+1)
	}
	tab := func(q *gorm.DB) *gorm.DB { return b.invoiceTab(q, a, f.Tab, -1) }
	var rows []InvoiceLine
	if f.Tab == InvoiceFailed && f.Title == "" {
		rows, err = newestInTrouble(b.db.ReadOnly(ctx).Gorm(), a, after.At, limit+1, tab, list)
	} else {
		rows, err = find(b.db.ReadOnly(ctx).Gorm(), invoiceNames, a, f.Title, after.At, limit+1, func(narrow narrowing) ([]InvoiceLine, error) {
			return list(narrowing{func(q *gorm.DB) *gorm.DB { return narrow.where(tab(q)) }, narrow.sort})
		})
	}
	if err != nil {
		return Page[InvoiceLine]{}, err
	}
	page := Page[InvoiceLine]{Rows: rows}
	if len(rows) > limit {
		page.Rows = rows[:limit]
		page.Next = cursor{rows[limit-1].CreatedAt, rows[limit-1].ID}.encode()
	}
	return page, nil
}

// invoiceLines reads the first rows of a query over invoices, and only then joins what belongs to them: see lines.
func (b *Board) invoiceLines(ctx context.Context, invoices *gorm.DB, first string, limit int) ([]InvoiceLine, error) {
	const own = "i.id, i.order_id, i.buyer_title, i.buyer_kind, i.total_fen, i.state, i.number, i.last_error, i.created_at, i.issued_at"
	sorted, _ := invoiceNames.orders()
	var rows []InvoiceLine
	err := b.db.ReadOnly(ctx).Gorm().Table("(?) i", invoices.Select(own).Order(first).Limit(limit)).
		Joins("JOIN orders o ON o.id = i.order_id").Joins(latestMessage("sms")).Joins(latestMessage("mail")).
		Select(invoiceColumns).Order(sorted).Scan(&rows).Error
	return rows, pg.Fault(err)
}

// unheard is a message of an invoice that did not arrive and was not sent again.
const unheard = `m.state IN ('failed', 'unknown') AND NOT EXISTS (
	SELECT FROM message n WHERE n.dedupe_key = m.dedupe_key AND n.channel = m.channel AND n.version > m.version AND n.version > 1 OFFSET 0)`

// inTrouble narrows to invoices that failed, and those of whose messages the newest version did not arrive; of the first
// at most so many, of the second at most the invoices of twice as many messages: an SMS and a mail each. -1 for all.
func inTrouble(q *gorm.DB, a actor.Actor, most int) *gorm.DB {
	failed, lost := troubles(q, a, most)
	return q.Where("i.id = ANY (ARRAY((?) UNION (?)))", failed, lost)
}

// troubles are the ids of invoices that failed, and of those with a message that did not arrive.
func troubles(q *gorm.DB, a actor.Actor, most int) (failed, lost *gorm.DB) {
	fresh := func(table string) *gorm.DB { return q.Session(&gorm.Session{NewDB: true}).Table(table) }
	failed = scoped(fresh("invoice f"), a, "f.project_id").Where("f.state = 'failed'").Select("f.id").Limit(most)
	lost = fresh("message m").Where("m.dedupe_key LIKE 'invoice:%' AND " + unheard).Select("substr(m.dedupe_key, length('invoice:') + 1)::uuid").Limit(max(2*most, -1))
	if !a.AllProjects {
		its := scoped(fresh("invoice f"), a, "f.project_id").Where("f.order_id = m.order_id").Select("1")
		lost = lost.Where("EXISTS (? OFFSET 0)", its)
	}
	return failed, lost
}

// walked is how many of the newest invoices are asked one by one whether they are in trouble.
const walked = 10_000

// newestInTrouble lists invoices in trouble: where they are frequent the newest fill a page, else all are few.
func newestInTrouble(q *gorm.DB, a actor.Actor, from time.Time, want int, all func(*gorm.DB) *gorm.DB, list func(narrowing) ([]InvoiceLine, error)) ([]InvoiceLine, error) {
	sorted, collected := invoiceNames.orders()
	near, complete, err := invoiceNames.near(q, a, from, walked)
	if err != nil {
		return nil, err
	}
	rows, err := list(narrowing{func(q *gorm.DB) *gorm.DB {
		// The few orders with undelivered messages are read once, only their invoices are asked which it is.
		return near(q).Where("(i.state = 'failed' OR i.order_id IN (SELECT m.order_id FROM message m WHERE m.order_id IS NOT NULL AND m.state IN ('failed', 'unknown')) AND " +
			"EXISTS (SELECT FROM message m WHERE m.order_id = i.order_id AND m.dedupe_key = 'invoice:' || i.id::text AND " + unheard + " OFFSET 0))")
	}, sorted})
	if err != nil || complete || len(rows) >= want {
		return rows, err
	}
	return list(narrowing{all, collected})
}

// invoiceTab narrows to a tab; where its rows must be collected first, to at most so many.
func (b *Board) invoiceTab(q *gorm.DB, a actor.Actor, tab InvoiceTab, most int) *gorm.DB {
	switch tab {
	case InvoiceOpen:
		return q.Where("i.state IN ('requested', 'issuing')")
	case InvoiceIssued:
		return q.Where("i.state = 'issued'")
	case InvoiceFailed:
		return inTrouble(q, a, most)
	case InvoiceLate:
		return q.Where("i.state NOT IN ('issued', 'cancelled', 'red_lettered') AND i.created_at < ?", b.now().Add(-lateAfter))
	case InvoiceAll:
	}
	return q
}

// InvoiceCounts counts every tab, each capped.
func (b *Board) InvoiceCounts(ctx context.Context, a actor.Actor) (map[InvoiceTab]Count, error) {
	return countTabs(ctx, b, InvoiceTabs, func(q *gorm.DB, t InvoiceTab) *gorm.DB { return b.countedInvoices(q, a, t) })
}

func (b *Board) countedInvoices(q *gorm.DB, a actor.Actor, tab InvoiceTab) *gorm.DB {
	if tab == InvoiceFailed && a.AllProjects { // their ids are enough
		failed, lost := troubles(q, a, CountCap+1)
		return q.Session(&gorm.Session{NewDB: true}).Table("((?) UNION (?)) i", failed, lost)
	}
	return b.invoiceTab(scoped(q.Table("invoice i"), a, "i.project_id"), a, tab, CountCap+1)
}

// Delivery is one message of an invoice.
type Delivery struct {
	ID        uuid.UUID
	Channel   string
	ToMask    string
	Version   int
	State     string
	Attempts  int
	LastError string
	CreatedAt time.Time
	SentAt    *time.Time
}

// InvoiceDetail is one invoice with its deliveries, newest first.
type InvoiceDetail struct {
	InvoiceLine
	Net          money.Fen
	Tax          money.Fen
	TaxPercent   int
	GoodsName    string
	BuyerTaxID   string
	BuyerAddress string
	BuyerBank    string
	BuyerAccount string
	Serial       string
	Deliveries   []Delivery `gorm:"-"`
}

// Invoice reads one invoice. NotFound "invoice_unknown".
func (b *Board) Invoice(ctx context.Context, a actor.Actor, id uuid.UUID) (InvoiceDetail, error) {
	var rows []InvoiceDetail
	err := b.invoices(ctx, a).Select(invoiceColumns+`, i.net_fen AS net, i.tax_fen AS tax, i.tax_percent, i.goods_name, i.buyer_tax_id,
		i.buyer_address, i.buyer_bank, i.buyer_account, i.serial`).Where("i.id = ?", id).Scan(&rows).Error
	if err != nil {
		return InvoiceDetail{}, pg.Fault(err)
	}
	if len(rows) != 1 {
		return InvoiceDetail{}, fault.New(fault.NotFound, "invoice_unknown", nil)
	}
	d := rows[0]
	err = b.db.ReadOnly(ctx).Gorm().Table("message m").Where("m.dedupe_key = ?", "invoice:"+id.String()).
		Select("m.id, m.channel, m.to_mask, m.version, m.state, m.attempts, m.last_error, m.created_at, m.sent_at").
		Order("m.created_at DESC, m.version DESC, m.channel").Limit(50).Scan(&d.Deliveries).Error
	return d, pg.Fault(err)
}
