// Package page renders the console's staff pages and is the only way to add a staff route.
//
// # An area
//
// An area package embeds its templates and sentences and adds its routes. The permission stands beside the path; a
// handler parses a typed form, makes one call, and renders or redirects.
//
//	//go:embed *.html zh.json en.json
//	var files embed.FS
//
//	type Deps struct{ Flow *flow.Flow; Board *board.Board }
//
//	func Routes(r *page.Router, d Deps) {
//		h := handlers{d}
//		r.Templates("queue", files)
//		r.Get("/queue", rbac.QueueView, h.list)
//		r.Post("/queue/claims", rbac.CaseClaim, h.claim)
//	}
//
//	func (h handlers) list(c *page.Ctx) error {
//		rows, err := h.Board.Queue(c.Context(), c.Actor(), board.QueueFilter{Tab: c.Query("tab"), After: c.Query("after")})
//		if err != nil {
//			return err
//		}
//		return c.Render("queue/list", listPage{Rows: rows, …})
//	}
//
//	func (h handlers) claim(c *page.Ctx) error {
//		o, err := h.Flow.ClaimNext(c.Context(), c.Actor())
//		if err != nil {
//			return c.Refuse(err, "queue/list", …) // the form again, or just: return err
//		}
//		return c.Redirect("/orders/"+o.No, "queue.claimed", map[string]any{"no": o.No})
//	}
//
// # Templates
//
// Each file list.html is the page "queue/list" and defines "title" and "content"; it may redefine "crumbs" (links
// before the title, each followed by {{icon "chevron-right"}}), "subtitle", "layout" (write: folded, for work pages
// with panes), "search" (as {{""}}, for an empty definition counts as none: it takes the search box away) and "keys" (the page's own columns of the key overlay).
// Files named _part.html hold definitions that all pages of the area share. Every template is executed with a [View]:
// .Page is the frame, .Data the page's own struct.
//
//	{{define "title"}}{{t "queue.title"}}{{end}}
//	{{define "content"}}
//	{{template "tabs" .Data.Tabs}}
//	{{template "query" .Data.Query}}
//	<section class="card fill" id="rows">{{template "rows" .}}</section>
//	{{end}}
//	{{define "rows"}}
//	<div class="card-head"><h2>{{t "queue.waiting"}}</h2>
//	  <form class="push" method="post" action="/queue/claims">{{template "csrf" .}}
//	  <button class="btn btn-primary" data-key="KeyG" aria-keyshortcuts="g">{{icon "bolt"}}{{t "queue.claim"}} <kbd>G</kbd></button></form></div>
//	<div class="scroll"><table class="table">
//	  <thead><tr><th>{{t "order.no"}}</th><th class="num">{{t "order.amount"}}</th><th>{{t "order.state"}}</th><th>{{t "list.act"}}</th></tr></thead>
//	  <tbody>{{range .Data.Rows}}<tr data-row><td class="no">{{.No}}</td><td class="num">{{money .Amount}}</td>
//	    <td>{{template "status" .Status}}</td><td><a data-open href="/orders/{{.No}}">{{t "list.open"}}</a></td></tr>{{end}}</tbody>
//	</table></div>
//	<div class="card-foot">{{template "pager" .Data.Pager}}</div>
//	{{end}}
//
// Nothing is inline: no style=, no on…=, no script, no hx-on, no js:, no trigger filters ([Inline] finds them). For
// htmx a page answers only the definition that bears the id of the target: hx-get="/queue" hx-target="#rows" gets
// "rows". An error lands as a banner in #problem. Every form is a plain POST with {{template "csrf" $}} that works
// without a script.
//
// Functions: t key "arg" value … · icon name · money fen (12,345.00, for tables) · yuan fen (¥400.00) · datetime, date,
// clock, short, iso time (Beijing) · span duration (1 时 05 分) · digest text · groups text (3888 0102 …) · number int
// · or_dash text · status tone word · on $ value. A sentence or an icon that does not exist stops the start.
//
// Components: csrf . · status, tag, chip [Status] · strip [Gates].Strip · tabs []Tab · query [Query] · pager [Pager] ·
// empty [Empty] · banner [Banner] · figures []Figure · steps []Step · masked (on $ Masked) and revealed [Masked] ·
// confirm (on $ Confirm) · field-error (.Page.FieldError "name") · key text.
//
// Classes: card, card-head, card-body, card-foot, fill, scroll · table (table-compact, table-loose, compare) with no,
// num, second, sel, bad, group · btn with primary, ok, bad, bad-solid, warn, text, sm, lg, icon · tag tag-line ·
// page-head, line, push, split, halves, thirds, stack · work-head, panes, pane, bar with say · facts, rows, course ·
// field-row, check, opt, hint · banner, dialog with dialog-box · canvas, paper, person · big, amount, sentence, mono,
// nowrap, sr. Tabler's utilities (d-flex, gap-2, text-end …) work beside them.
//
// Keys: data-key="KeyG" (KeyboardEvent.code, "Shift+KeyG") on the control they press, with a <kbd> beside it; rows
// with data-row and one link with data-open get J, K and Enter; data-scope="viewer" limits the keys inside to the
// time the focus is there. data-copy copies; data-submit on a select sends its form.
//
// # Sentences
//
// zh.json and en.json are flat: {"queue.title": "审核队列"}, with {{.name}} arguments; keys begin with the area's name.
// A fault's key is looked up the same way.
package page
