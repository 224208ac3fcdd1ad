// Package statements is where finance imports what the bank exports: the files, what a file holds and whether its own
// figures prove it, and the commit that takes its lines into the ledger.
package statements

import (
	"embed"

	"github.com/google/uuid"

	"caconsole/admin/board"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/rbac"
	"caconsole/ui/page"
)

//go:embed *.html zh.json en.json
var files embed.FS

// Deps are what the area works with.
type Deps struct {
	Flow  *flow.Flow
	Board *board.Board
}

// maxUpload is the largest request of an upload, in bytes: the largest file and the form around it.
const maxUpload = 21 << 20

// Routes adds the area.
func Routes(r *page.Router, d Deps) {
	r.Templates("statements", files)
	r.Get("/statements", rbac.StatementView, d.list)
	r.Post("/statements", rbac.StatementImport, d.upload, page.MaxBody(maxUpload))
	r.Get("/statements/:id", rbac.StatementView, d.show)
	r.Post("/statements/:id/commit", rbac.StatementImport, d.commit)
}

// Row is one file of the list.
type Row struct {
	board.StatementLine
	Status  page.Status
	Account string // *0019
}

// List is the page of all files.
type List struct {
	Rows      []Row
	Pager     page.Pager
	Empty     page.Empty
	MayImport bool
}

func (d Deps) list(c *page.Ctx) error {
	l, err := d.listPage(c)
	if err != nil {
		return err
	}
	return c.Render("statements/list", l)
}

func (d Deps) listPage(c *page.Ctx) (List, error) {
	rows, err := d.Board.Statements(c.Context(), c.Actor(), c.Query("after"), c.QueryInt("size", 20))
	if err != nil {
		return List{}, err
	}
	l := List{
		MayImport: c.Actor().Can(rbac.StatementImport),
		Empty:     page.Empty{Title: c.T("statements.empty", nil), Text: c.T("statements.empty.text", nil)},
	}
	for _, s := range rows.Rows {
		l.Rows = append(l.Rows, Row{StatementLine: s, Status: status(c, s.State), Account: tail(s.AccountNo)})
	}
	l.Pager = page.Pager{Shown: len(rows.Rows), Size: len(rows.Rows), Total: len(rows.Rows), Capped: rows.Next != ""}
	if rows.Next != "" {
		l.Pager.Next = page.With("/statements", nil, "after", rows.Next)
	}
	if c.Query("after") != "" {
		l.Pager.Prev = "/statements"
	}
	return l, nil
}

// upload reads a file and opens its preview; a refused file is said beside the form.
func (d Deps) upload(c *page.Ctx) error {
	file, err := c.File("file")
	if err != nil {
		return d.refuse(c, err)
	}
	b, err := d.Flow.ImportStatement(c.Context(), c.Actor(), file.Name, file.Data)
	if err != nil {
		return d.refuse(c, err)
	}
	return c.Redirect("/statements/"+b.ID.String(), "")
}

func (d Deps) refuse(c *page.Ctx, why error) error {
	l, err := d.listPage(c)
	if err != nil {
		return err
	}
	return c.Refuse(why, "statements/list", l)
}

func (d Deps) commit(c *page.Ctx) error {
	id, err := batchID(c)
	if err != nil {
		return err
	}
	b, err := d.Flow.CommitStatement(c.Context(), c.Actor(), id)
	if err != nil {
		return err
	}
	return c.Redirect("/statements/"+b.ID.String(), "statements.committed", map[string]any{"new": b.New, "known": b.Known})
}

// batchID reads the path's id; what is no id is a page that does not exist.
func batchID(c *page.Ctx) (uuid.UUID, error) {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return uuid.Nil, fault.New(fault.NotFound, "not_found", nil)
	}
	return id, nil
}

// tones are the glyphs of a file's states.
var tones = map[string]string{"draft": page.Warn, "checked": page.Progress, "committed": page.OK, "reverted": page.Closed}

func status(c *page.Ctx, state string) page.Status {
	return page.Status{Tone: tones[state], Word: c.T("statements.state."+state, nil)}
}

// tail shows the end of one of our own account numbers.
func tail(no string) string {
	if len(no) < 4 {
		return no
	}
	return "*" + no[len(no)-4:]
}
