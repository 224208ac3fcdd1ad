package certificates

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"caconsole/admin/board"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/rbac"
	"caconsole/ui/page"
)

// RevocationLine is one revocation of the list.
type RevocationLine struct {
	board.RevocationLine
	Status page.Status
	Why    string // the reason in words
	Note   string // why it was refused or failed, in words
}

// RevocationsPage is the list of revocations.
type RevocationsPage struct {
	Tab   board.RevocationTab
	Tabs  []page.Tab
	Lines []RevocationLine
	Pager page.Pager
	Empty page.Empty
}

func (d Deps) revocations(c *page.Ctx) error {
	tab := board.RevocationTab(c.Query("tab"))
	if !slices.Contains(board.RevocationTabs, tab) {
		tab = board.RevocationToCheck
	}
	rows, err := d.Board.Revocations(c.Context(), c.Actor(), tab, c.Query("after"))
	if err != nil {
		return err
	}
	counts, err := d.Board.RevocationCounts(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	p := RevocationsPage{
		Tab:   tab,
		Empty: page.Empty{Title: c.T("certificates.revocations.empty."+string(tab), nil), Text: c.T("certificates.revocations.empty", nil)},
		Pager: page.Pager{Shown: len(rows.Rows), Size: len(rows.Rows), Total: counts[tab].N, Capped: counts[tab].More},
	}
	for _, t := range board.RevocationTabs {
		p.Tabs = append(p.Tabs, page.Tab{
			Word: c.T("certificates.revocations."+string(t), nil), URL: page.With("/certificates/revocations", nil, "tab", string(t)),
			Count: page.Count(counts[t].N, counts[t].More), Current: t == tab,
		})
	}
	for _, row := range rows.Rows {
		state := issuance.RevocationState(row.State)
		p.Lines = append(p.Lines, RevocationLine{row, revocationStatus(c, state), reasonWord(c, row.Reason), noteOf(c, state, row.Note)})
	}
	if rows.Next != "" {
		p.Pager.Next = page.With("/certificates/revocations", nil, "tab", string(tab), "after", rows.Next)
	}
	if c.Query("after") != "" {
		p.Pager.Prev = page.With("/certificates/revocations", nil, "tab", string(tab))
	}
	return c.Render("certificates/revocations", p)
}

func revocationStatus(c *page.Ctx, s issuance.RevocationState) page.Status {
	tone := map[issuance.RevocationState]string{
		issuance.RevocationProposed: page.Warn, issuance.RevocationApproved: page.Progress, issuance.RevocationRevoked: page.OK,
		issuance.RevocationFailed: page.Bad, issuance.RevocationRefused: page.Bad, issuance.RevocationWithdrawn: page.Closed,
		issuance.RevocationExpired: page.Closed, issuance.RevocationDraft: page.NotYet,
	}[s]
	return page.Status{Tone: tone, Word: c.T("certificates.revocation."+string(s), nil)}
}

// noteOf says why a revocation went no further: in the words of who refused it, or the signer's reason.
func noteOf(c *page.Ctx, s issuance.RevocationState, note string) string {
	if s == issuance.RevocationFailed {
		return c.T(note, nil)
	}
	return note
}

// RevocationPage is one revocation.
type RevocationPage struct {
	ID        string
	State     issuance.RevocationState
	Status    page.Status
	Serial    string
	EncSerial string
	Holder    string
	Medium    string
	Reason    string
	AskedBy   string
	Grounds   string
	Expires   string
	Digest    string
	Note      string
	Course    []page.Step
	Follows   Follows
	MayCheck  bool // the reader is a second person who may sign
	Own       bool // the reader has signed first
	MayRetry  bool
	Words     string // of a refusal that was not taken
}

func (d Deps) revocation(c *page.Ctx) error {
	p, err := d.revocationPage(c)
	if err != nil {
		return err
	}
	return c.Render("certificates/revocation", p)
}

func (d Deps) revocationPage(c *page.Ctx) (RevocationPage, error) {
	id, err := revocationID(c)
	if err != nil {
		return RevocationPage{}, err
	}
	v, err := d.Flow.ViewRevocation(c.Context(), c.Actor(), id)
	if err != nil {
		return RevocationPage{}, err
	}
	may, own := c.Actor().Can(rbac.CertificateRevoke), v.CreatedBy == c.Actor().ID
	p := RevocationPage{
		ID: id.String(), State: v.State, Status: revocationStatus(c, v.State), Serial: string(v.Of.Sign.Serial), EncSerial: string(v.Of.Enc.Serial),
		Holder: v.Of.Holder, Medium: v.Of.MediumNo, Reason: longReason(c, v.Reason), AskedBy: c.T("certificates.asked_by."+v.AskedBy, nil),
		Grounds: v.Grounds, Expires: clock(v.ExpiresAt), Digest: v.Digest.Hex(), Note: noteOf(c, v.State, v.Note), Follows: follows(v.Of),
		MayCheck: may && !own && v.State == issuance.RevocationProposed, Own: may && own && v.State == issuance.RevocationProposed,
		MayRetry: may && v.State == issuance.RevocationFailed,
	}
	p.Course, err = d.course(c, v)
	return p, err
}

func revocationID(c *page.Ctx) (uuid.UUID, error) {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return id, fault.New(fault.NotFound, "revocation_unknown", nil)
	}
	return id, nil
}

func clock(t time.Time) string { return page.Beijing(t).Format("2006-01-02 15:04:05") }

// course tells who signed, what the signer said and on which list it stands.
func (d Deps) course(c *page.Ctx, v flow.RevocationView) ([]page.Step, error) {
	ids := []uuid.UUID{v.CreatedBy}
	for _, a := range v.Approvals {
		if id, err := uuid.Parse(a.StaffID); err == nil {
			ids = append(ids, id)
		}
	}
	people, err := d.Board.People(c.Context(), ids)
	if err != nil {
		return nil, err
	}
	step := func(tone, word, text, when string) page.Step {
		return page.Step{Status: page.Status{Tone: tone, Word: c.T("certificates.course."+word, nil)}, Text: text, When: when}
	}
	var out []page.Step
	for _, duty := range []string{cert.DutyRevoke, cert.DutyRevokeCheck} {
		i := slices.IndexFunc(v.Approvals, func(a cert.Approval) bool { return a.Duty == duty })
		if i < 0 {
			out = append(out, step(page.NotYet, duty, "", ""))
			continue
		}
		a := v.Approvals[i]
		who := people[a.StaffID]
		out = append(out, step(page.OK, duty, who.Name+" "+who.No+" · "+c.T("certificates.signed."+a.Kind, nil), clock(a.At)))
	}
	signer, listed := step(page.NotYet, "signer", "", ""), step(page.NotYet, "listed", "", "")
	switch v.State {
	case issuance.RevocationApproved:
		signer.Tone = page.Progress
	case issuance.RevocationFailed:
		signer.Tone, signer.Text = page.Bad, noteOf(c, v.State, v.Note)
	case issuance.RevocationRevoked:
		signer = step(page.OK, "signer", c.T("certificates.course.seq", map[string]any{"seq": v.Head.Seq}), clock(v.RevokedAt))
		listed.Tone = page.Progress
		if v.Listed > 0 {
			listed = step(page.OK, "listed", c.T("certificates.course.number", map[string]any{"number": v.Listed}), "")
		}
	case issuance.RevocationRefused, issuance.RevocationWithdrawn, issuance.RevocationExpired:
		return append(out[:1], page.Step{Status: revocationStatus(c, v.State), Text: v.Note, When: clock(v.ChangedAt)}), nil
	case issuance.RevocationDraft, issuance.RevocationProposed:
	}
	return append(out, signer, listed), nil
}

// checkToSign answers what the second person signs.
func (d Deps) checkToSign(c *page.Ctx) error {
	id, err := revocationID(c)
	if err != nil {
		return err
	}
	t, err := d.Flow.CheckRevocationToSign(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return c.ToSign(t)
}

// act does something to a revocation and shows it again.
func (d Deps) act(c *page.Ctx, done string, do func(uuid.UUID) error) error {
	id, err := revocationID(c)
	if err != nil {
		return err
	}
	if err = do(id); err == nil {
		return c.Redirect("/certificates/revocations/"+id.String(), done)
	}
	p, readErr := d.revocationPage(c)
	if readErr != nil {
		return err
	}
	p.Words = c.Form("words")
	return c.Refuse(err, "certificates/revocation", p)
}

func (d Deps) check(c *page.Ctx) error {
	return d.act(c, "certificates.checked", func(id uuid.UUID) error {
		sig, err := c.Signature()
		if err == nil {
			return d.Flow.CheckRevocation(c.Context(), c.Actor(), id, sig)
		}
		if _, refused := d.Flow.CheckRevocationToSign(c.Context(), c.Actor(), id); refused != nil {
			return refused
		}
		return err
	})
}

func (d Deps) refuse(c *page.Ctx) error {
	return d.act(c, "certificates.refused", func(id uuid.UUID) error {
		return d.Flow.RefuseRevocation(c.Context(), c.Actor(), id, c.Form("words"))
	})
}

func (d Deps) withdraw(c *page.Ctx) error {
	return d.act(c, "certificates.withdrawn", func(id uuid.UUID) error { return d.Flow.WithdrawRevocation(c.Context(), c.Actor(), id) })
}

func (d Deps) retry(c *page.Ctx) error {
	return d.act(c, "certificates.retried", func(id uuid.UUID) error { return d.Flow.RetryRevocation(c.Context(), c.Actor(), id) })
}
