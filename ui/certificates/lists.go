package certificates

import (
	"strconv"
	"strings"
	"time"

	"caconsole/admin/fault"
	"caconsole/issuance"
	"caconsole/ui/page"
)

// ListLine is one revocation list.
type ListLine struct {
	Number     uint64
	ThisUpdate time.Time
	NextUpdate time.Time
	Entries    int
	SM3        string
	Seq        uint64
	File       string
	Status     page.Status
}

// ListsPage is the revocation lists.
type ListsPage struct {
	Lines  []ListLine
	Pager  page.Pager
	Empty  page.Empty
	State  page.Banner // of the last list
	Public string      // the path it is served at
}

func (d Deps) lists(c *page.Ctx) error {
	before, err := strconv.ParseUint(c.Query("before"), 10, 64)
	if err != nil {
		before = 0
	}
	v, err := d.Flow.RevocationLists(c.Context(), before)
	if err != nil {
		return err
	}
	p := ListsPage{
		Public: "/crl/issuing.crl", State: listState(c, v.Last, v.Alarm, d.Now()),
		Empty: page.Empty{Title: c.T("certificates.crl.empty", nil), Text: c.T("certificates.crl.empty.text", nil)},
	}
	const size = 50
	for i, l := range v.Lists {
		if i == size {
			p.Pager.Next = page.With("/certificates/crl", nil, "before", strconv.FormatUint(p.Lines[size-1].Number, 10))
			break
		}
		number := strconv.FormatUint(l.Number, 10)
		p.Lines = append(p.Lines, ListLine{
			Number: l.Number, ThisUpdate: l.ThisUpdate, NextUpdate: l.NextUpdate, Entries: l.Entries, SM3: l.SM3.Hex(), Seq: l.Head.Seq,
			File: "/certificates/crl/" + number + "/file", Status: listStatus(c, l, v.Last, d.Now()),
		})
	}
	if before > 0 {
		p.Pager.Prev = "/certificates/crl"
	}
	p.Pager.Shown, p.Pager.Size, p.Pager.Total = len(p.Lines), len(p.Lines), int(v.Last.Number) //nolint:gosec // a few thousand a year
	return c.Render("certificates/crl", p)
}

func listStatus(c *page.Ctx, l, last issuance.List, now time.Time) page.Status {
	switch {
	case l.Number != last.Number:
		return page.Status{Tone: page.Closed, Word: c.T("certificates.crl.replaced", nil)}
	case !now.Before(l.NextUpdate):
		return page.Status{Tone: page.Bad, Word: c.T("certificates.crl.over", nil)}
	}
	return page.Status{Tone: page.OK, Word: c.T("certificates.crl.current", nil)}
}

// listState says when the next list comes, and whether it is late.
func listState(c *page.Ctx, last issuance.List, alarm string, now time.Time) page.Banner {
	var why string
	if alarm != "" {
		why = c.T(alarm, map[string]any{"number": last.Number})
	}
	args := map[string]any{"due": clock(last.Due()), "until": clock(last.NextUpdate)}
	switch {
	case last.Number == 0 && alarm == "":
		return page.Banner{Title: c.T("certificates.crl.none", nil)}
	case last.Number == 0:
		return page.Banner{Tone: page.Bad, Title: c.T("certificates.crl.none", nil), Text: why}
	case !now.Before(last.NextUpdate):
		return page.Banner{Tone: page.Bad, Title: c.T("certificates.crl.past", args), Text: why}
	case alarm != "" || !now.Before(last.Alarming()):
		return page.Banner{Tone: page.Bad, Title: c.T("certificates.crl.late", args), Text: why}
	case !now.Before(last.Due()):
		return page.Banner{Tone: page.Warn, Title: c.T("certificates.crl.awaited", args)}
	}
	return page.Banner{Tone: page.OK, Title: c.T("certificates.crl.well", args)}
}

func (d Deps) listFile(c *page.Ctx) error {
	number, err := strconv.ParseUint(c.Param("number"), 10, 63)
	if err != nil {
		return fault.New(fault.NotFound, "crl_unknown", nil)
	}
	der, err := d.Flow.RevocationListFile(c.Context(), c.Actor(), number)
	if err != nil {
		return err
	}
	return c.Bytes("application/pkix-crl", strings.Join([]string{"issuing", strconv.FormatUint(number, 10), "crl"}, "."), der)
}
