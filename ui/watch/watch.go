// Package watch is the screen of the signer: whether it signs, and whether its journal, the database and the revocation
// list agree.
package watch

import (
	"context"
	"embed"
	"strings"
	"time"

	"caconsole/admin/flow"
	"caconsole/issuance"
	"caconsole/rbac"
	"caconsole/ui/page"
)

//go:embed *.html zh.json en.json
var files embed.FS

// Deps are what the screen works with.
type Deps struct {
	// Signer reads how the signer was and what does not agree.
	Signer func(ctx context.Context) (flow.SignerView, error)
	Now    func() time.Time
}

// Routes adds the screen.
func Routes(r *page.Router, d Deps) {
	r.Templates("watch", files)
	r.Get("/signer", rbac.SignerView, d.show)
}

// Line is one disagreement.
type Line struct {
	Status  page.Status
	Subject string
	Detail  string
	FoundAt time.Time
	SeenAt  time.Time
}

// Screen is the page.
type Screen struct {
	State  page.Banner // whether the signer signs
	Check  string      // the last comparison
	Counts string
	Lines  []Line
	More   bool
	Empty  page.Empty
}

func (d Deps) show(c *page.Ctx) error {
	v, err := d.Signer(c.Context())
	if err != nil {
		return err
	}
	s := Screen{State: state(c, v.Watch), More: v.More, Empty: page.Empty{Title: c.T("watch.empty", nil), Text: c.T("watch.empty.text", nil)}}
	s.Check = c.T("watch.check.none", nil)
	if !v.Check.StartedAt.IsZero() {
		word, at := "watch.check.running", v.Check.StartedAt
		if v.Check.Done() {
			word, at = "watch.check.done", v.Check.EndedAt
		}
		s.Check = c.T(word, map[string]any{"at": page.Beijing(at).Format("2006-01-02 15:04:05")})
		n := v.Check.Counts
		s.Counts = c.T("watch.counts", map[string]any{
			"records": n.Records, "issued": n.Issued, "recorded": n.Recorded, "open": n.Open, "closed": n.Closed, "revoked": n.Revoked, "lists": n.Lists,
		})
	}
	for _, f := range v.Findings {
		l := Line{Subject: f.Subject, Detail: f.Detail, FoundAt: f.FoundAt, SeenAt: f.SeenAt, Status: page.Status{Tone: page.Bad, Word: c.T("watch."+f.Kind, nil)}}
		if !f.ClearedAt.IsZero() {
			l.Status.Tone = page.Closed
		}
		s.Lines = append(s.Lines, l)
	}
	return c.Render("watch/watch", s)
}

// state says whether anything is signed, and whom it waits for.
func state(c *page.Ctx, w issuance.Watch) page.Banner {
	args := map[string]any{"given": len(w.Given), "needed": w.Needed, "who": strings.Join(w.Given, "、"), "since": page.Beijing(w.BlockedSince).Format("15:04:05")}
	switch {
	case w.AskedAt.IsZero():
		return page.Banner{Title: c.T("watch.unknown", nil)}
	case !w.Blocked():
		return page.Banner{Tone: page.OK, Title: c.T("watch.open", nil)}
	case w.Silent:
		return page.Banner{Tone: page.Bad, Title: c.T("watch.silent", args), Text: c.T("watch.silent.text", nil)}
	}
	return page.Banner{Tone: page.Bad, Title: c.T("watch.locked", args), Text: c.T("watch.locked.text", args)}
}
