package notify_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/job"
	"caconsole/admin/notify"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/seal"
)

// noon is a Sunday at 12:00 in Beijing.
var noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

// queued is what was enqueued: the message and when it is due (zero for at once).
type queued struct {
	id  uuid.UUID
	due time.Time
}

type queue struct{ jobs []queued }

func (q *queue) Enqueue(_ context.Context, _ pg.Tx, args job.Args, opts ...job.Option) error {
	q.jobs = append(q.jobs, queued{args.(notify.SendArgs).ID, job.Due(opts...)})
	return nil
}

// vendor answers as the test says and keeps what it was given.
type vendor struct {
	sent   []notify.Outgoing
	fails  error // of Send
	report notify.Report
	mute   error // of Find
	asked  int
	during func() // happens while Send is under way
}

func (v *vendor) Send(_ context.Context, m notify.Outgoing) (string, error) {
	v.sent = append(v.sent, m)
	if v.during != nil {
		v.during()
	}
	return "sid-" + m.ID.String(), v.fails
}

func (v *vendor) Find(context.Context, notify.Outgoing) (notify.Report, error) {
	v.asked++
	return v.report, v.mute
}

type post struct {
	*notify.Messages
	t     *testing.T
	db    *pg.DB
	queue *queue
	sms   *vendor
	mail  *vendor
	now   time.Time
}

func newPost(t *testing.T) *post {
	t.Helper()
	keys, err := seal.NewKeys()
	require.NoError(t, err)
	ring, err := seal.ParseKeys(keys)
	require.NoError(t, err)
	p := &post{t: t, db: pgtest.New(t), queue: &queue{}, sms: &vendor{}, mail: &vendor{}, now: noon}
	p.Messages = notify.New(notify.Options{
		DB: p.db, Ring: ring, Jobs: p.queue, Now: func() time.Time { return p.now },
		Senders: map[notify.Channel]notify.Sender{notify.SMS: p.sms, notify.Mail: p.mail},
	})
	return p
}

func (p *post) tx(fn func(ctx context.Context, tx pg.Tx) error) error {
	p.t.Helper()
	return p.db.InTx(p.t.Context(), fn)
}

// put queues a message and returns its id; the zero id says that it was dropped.
func (p *post) put(m notify.Message) uuid.UUID {
	p.t.Helper()
	before := len(p.queue.jobs)
	require.NoError(p.t, p.tx(func(ctx context.Context, tx pg.Tx) error { return p.Queue(ctx, tx, m) }))
	if len(p.queue.jobs) == before {
		return uuid.Nil
	}
	return p.queue.jobs[len(p.queue.jobs)-1].id
}

func (p *post) line(id uuid.UUID) notify.Line {
	p.t.Helper()
	line, _, err := p.Get(p.t.Context(), p.db.Read(p.t.Context()), id)
	require.NoError(p.t, err)
	return line
}

func (p *post) stuck() []uuid.UUID {
	p.t.Helper()
	ids, err := p.Stuck(p.t.Context(), p.db.Read(p.t.Context()), p.now, 100)
	require.NoError(p.t, err)
	return ids
}

func approved(key string) notify.Message {
	return notify.Message{
		Template: notify.Approved, Channel: notify.SMS, To: "13800138000", Args: map[string]string{"no": "R26112200017"}, Key: key,
	}
}

var silent = fault.Down("vendor_unavailable", 0, errors.New("time-out"))

func TestMessageIsSentOnce(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	id := p.put(approved("order:1:approved"))
	require.Zero(t, p.put(approved("order:1:approved")), "the event was told already")
	require.Equal(t, notify.Line{
		ID: id, Key: "order:1:approved", Template: notify.Approved, Channel: notify.SMS, ToMask: "138****8000", Version: 1, State: notify.Queued,
		CreatedAt: noon, ChangedAt: noon,
	}, utc(p.line(id)))

	require.NoError(t, p.Send(t.Context(), id))
	require.NoError(t, p.Send(t.Context(), id), "a second job finds nothing to do")
	require.Len(t, p.sms.sent, 1)
	out := p.sms.sent[0]
	require.Equal(t, []string{"R26112200017"}, out.Params)
	require.Equal(t, "13800138000", out.To.Reveal())
	require.Equal(t, "订单R26112200017审核通过，请用驱动更新证书。咨询电话400-112-3838。", out.Text)
	require.Equal(t, notify.Sent, p.line(id).State)
	require.Empty(t, p.stuck())

	p.sms.mute = fault.Down("message_unreported", 0, nil)
	require.NoError(t, p.CheckDelivery(t.Context(), id), "no report yet")
	p.sms.mute, p.sms.report = nil, notify.Report{Found: true, State: notify.Delivered, ProviderID: "sid"}
	require.NoError(t, p.CheckDelivery(t.Context(), id))
	require.Equal(t, notify.Delivered, p.line(id).State)
}

func utc(l notify.Line) notify.Line {
	l.CreatedAt, l.ChangedAt = l.CreatedAt.UTC(), l.ChangedAt.UTC()
	return l
}

func TestQueueRefusesIncompleteMessages(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	for name, m := range map[string]notify.Message{
		"no such template": {Template: "greeting", Channel: notify.SMS, To: "13800138000"},
		"no value":         {Template: notify.Approved, Channel: notify.SMS, To: "13800138000", Args: map[string]string{"name": "x"}},
	} {
		err := p.tx(func(ctx context.Context, tx pg.Tx) error { return p.Queue(ctx, tx, m) })
		require.True(t, fault.HasKey(err, "message_incomplete"), name)
	}
	require.Empty(t, p.queue.jobs)
}

// An SMS whose call timed out is asked for and not sent again: the vendor may have taken it.
func TestOutcomeThatIsUnknown(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	id := p.put(approved("k"))
	p.sms.fails, p.sms.mute = silent, fault.Down("message_unreported", 0, nil)
	require.Error(t, p.Send(t.Context(), id))
	require.Equal(t, notify.Sending, p.line(id).State)
	require.NoError(t, p.Send(t.Context(), id), "its time has not come")
	require.Zero(t, p.sms.asked)

	for range 7 {
		require.Empty(t, p.stuck(), "it rests")
		p.now = p.now.Add(16 * time.Minute)
		require.Equal(t, []uuid.UUID{id}, p.stuck())
		require.Error(t, p.Send(t.Context(), id))
	}
	p.now = p.now.Add(16 * time.Minute)
	require.NoError(t, p.Send(t.Context(), id))
	line := p.line(id)
	require.Equal(t, notify.Unknown, line.State)
	require.Equal(t, "message_unreported", line.LastError)
	require.Len(t, p.sms.sent, 1, "never twice")

	p.sms.mute, p.sms.report = nil, notify.Report{Found: true, State: notify.Delivered, ProviderID: "sid"}
	require.NoError(t, p.CheckDelivery(t.Context(), id))
	require.Equal(t, notify.Delivered, p.line(id).State, "a late report is believed")
}

func TestInterruptedMessageThatTheVendorHas(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	id := p.put(approved("k"))
	p.sms.fails = silent
	require.Error(t, p.Send(t.Context(), id))
	p.now = p.now.Add(time.Minute)
	p.sms.report = notify.Report{Found: true, State: notify.Failed, ProviderID: "sid", Detail: "空号"}
	require.NoError(t, p.Send(t.Context(), id))
	line := p.line(id)
	require.Equal(t, notify.Failed, line.State)
	require.Equal(t, "空号", line.LastError)
	require.Len(t, p.sms.sent, 1)
}

// A second worker comes while the first one's call is under way: it neither asks nor sends, and the first one's answer
// counts.
func TestTwoWorkersOnOneMessage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		channel notify.Channel
		to      seal.Secret
	}{"sms": {notify.SMS, "13800138000"}, "mail": {notify.Mail, "a@example.cn"}} {
		p := newPost(t)
		vendor := map[notify.Channel]*vendor{notify.SMS: p.sms, notify.Mail: p.mail}[c.channel]
		m := approved("k")
		m.Channel, m.To = c.channel, c.to
		id := p.put(m)
		vendor.during = func() {
			vendor.during = nil
			p.now = p.now.Add(5 * time.Second)
			require.NoError(t, p.Send(t.Context(), id), name)
			require.Empty(t, p.stuck(), name)
		}
		require.NoError(t, p.Send(t.Context(), id), name)
		require.Len(t, vendor.sent, 1, name)
		require.Zero(t, vendor.asked, name)
		require.Equal(t, notify.Sent, p.line(id).State, name)
	}
}

// The program dies in the middle of a call: the message is looked at again once no call can be under way any more.
func TestDeathInTheMiddleOfACall(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	id := p.put(approved("k"))
	p.sms.during = func() { panic("power cut") }
	require.Panics(t, func() { _ = p.Send(t.Context(), id) })
	p.sms.during = nil
	require.Empty(t, p.stuck())
	p.now = p.now.Add(11 * time.Second)
	require.Equal(t, []uuid.UUID{id}, p.stuck())
	p.sms.report = notify.Report{Found: true, State: notify.Delivered, ProviderID: "sid"}
	require.NoError(t, p.Send(t.Context(), id))
	require.Len(t, p.sms.sent, 1)
	require.Equal(t, notify.Delivered, p.line(id).State)
}

func TestVendorThatCannotBeReached(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	id := p.put(approved("k"))
	p.sms.fails = fault.Down("vendor_not_reached", 0, errors.New("refused"))
	for range 12 {
		require.Error(t, p.Send(t.Context(), id))
		require.Equal(t, notify.Queued, p.line(id).State, "it did not go out")
		p.now = p.now.Add(time.Hour)
	}
	p.sms.fails = nil
	require.NoError(t, p.Send(t.Context(), id))
	require.Equal(t, notify.Sent, p.line(id).State)
	require.Zero(t, p.sms.asked)

	late := p.put(notify.LoginCode("13800138000", "123456", 5*time.Minute))
	p.now = p.now.Add(6 * time.Minute)
	require.NoError(t, p.Send(t.Context(), late))
	require.Equal(t, "too_late", p.line(late).LastError, "a code that has run out is not sent")
}

func TestRefusedMessage(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	id := p.put(approved("k"))
	p.sms.fails = &fault.Error{Kind: fault.Invalid, Key: "message_refused", Args: fault.Args{"code": "FailedOperation.PhoneNumberInBlacklist"}}
	require.NoError(t, p.Send(t.Context(), id))
	line := p.line(id)
	require.Equal(t, notify.Failed, line.State)
	require.Equal(t, "FailedOperation.PhoneNumberInBlacklist", line.LastError)

	p.sms.fails = nil
	require.NoError(t, p.tx(func(ctx context.Context, tx pg.Tx) error { return p.Resend(ctx, tx, id) }))
	err := p.tx(func(ctx context.Context, tx pg.Tx) error { return p.Resend(ctx, tx, id) })
	require.True(t, fault.HasKey(err, "message_under_way"))
	next := p.queue.jobs[1].id
	require.NoError(t, p.Send(t.Context(), next))
	require.Equal(t, 2, p.line(next).Version)
	require.Equal(t, notify.Failed, p.line(id).State, "what happened stays as it was")
	require.Equal(t, "13800138000", p.sms.sent[1].To.Reveal())
}

// A mail server cannot be asked, and mailboxes show a repeat once: the same first id goes along.
func TestMailIsRepeated(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	id := p.put(notify.Message{
		Template: notify.Invoice, Channel: notify.Mail, To: "li@example.cn", Key: "invoice:1",
		Args: map[string]string{"no": "R1", "code": "ABCD2345", "page": "https://x.example/inv", "link": "https://x.example/inv?code=ABCD2345"},
	})
	p.mail.fails = silent
	require.Error(t, p.Send(t.Context(), id))
	p.now, p.mail.fails = p.now.Add(time.Minute), nil
	require.NoError(t, p.Send(t.Context(), id))
	require.NoError(t, p.tx(func(ctx context.Context, tx pg.Tx) error { return p.Resend(ctx, tx, id) }))
	require.NoError(t, p.Send(t.Context(), p.queue.jobs[1].id))
	require.Len(t, p.mail.sent, 3)
	for _, m := range p.mail.sent {
		require.Equal(t, id, m.First)
		require.Equal(t, "电子发票 · 订单 R1", m.Subject)
		require.Contains(t, m.Text, "https://x.example/inv?code=ABCD2345")
	}
}

func TestNightHoldsRemindersOnly(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	beijing := time.FixedZone("CST", 8*3600)
	reminder := func() notify.Message {
		return notify.Message{
			Template: notify.PaymentReminder, Channel: notify.SMS, To: "13800138000", Args: map[string]string{"no": "R1", "amount": "200.00"},
		}
	}
	for at, due := range map[time.Time]time.Time{
		time.Date(2026, 11, 22, 20, 59, 0, 0, beijing): {},
		time.Date(2026, 11, 22, 21, 0, 0, 0, beijing):  time.Date(2026, 11, 23, 8, 0, 0, 0, beijing),
		time.Date(2026, 11, 23, 7, 59, 0, 0, beijing):  time.Date(2026, 11, 23, 8, 0, 0, 0, beijing),
		time.Date(2026, 11, 23, 8, 0, 0, 0, beijing):   {},
	} {
		p.now = at
		id := p.put(reminder())
		require.True(t, due.Equal(p.queue.jobs[len(p.queue.jobs)-1].due), at)
		require.NoError(t, p.Send(t.Context(), id))
		want := notify.Sent
		if !due.IsZero() {
			want = notify.Queued
		}
		require.Equal(t, want, p.line(id).State, at)
	}
	p.now = time.Date(2026, 11, 23, 3, 0, 0, 0, beijing)
	require.NoError(t, p.Send(t.Context(), p.put(approved("night"))))
	require.Len(t, p.sms.sent, 3, "what the applicant waits for goes out by night too")
}

func TestRecipientsAreSealed(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.put(approved("k"))
	var row string
	require.NoError(t, p.db.Read(t.Context()).Gorm().Raw("SELECT message::text FROM message").Scan(&row).Error)
	require.Contains(t, row, "138****8000")
	require.NotContains(t, row, "13800138000")
	require.NotContains(t, row, "R26112200017", "variables may name persons")
}
