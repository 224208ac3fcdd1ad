package audit

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	trail "caconsole/admin/audit"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
)

func TestRecordInWords(t *testing.T) {
	ran := false
	s := pagetest.New(t, nil, func(r *page.Router) {
		r.Templates("audit", files)
		r.Get("/x", page.LoggedIn, func(c *page.Ctx) error {
			ran = true
			in := trail.Record{
				Number: 482917, At: pagetest.Now, Action: "review.approved", Outcome: trail.OK, Actor: actor.Actor{Kind: actor.Staff, Name: "wht"},
				Details: map[string]any{"review": []any{"claimed", "approved"}, "closed": []any{"", "rejected"}, "stage": "to_issue", "content_version": 7, "later": true},
			}
			out := record(c, in, map[string]string{"wht": "王海涛 0132"})
			require.Equal(t, []string{"482,917", "王海涛 0132", "审核通过", "11-22 10:31:07.000"}, []string{out.Nth, out.Who, out.Act, out.When})
			require.Equal(t, []Change{{"关闭", "", "审核驳回"}, {"审核", "审核中", "已通过"}}, out.Changes)
			require.Equal(t, []Fact{{"内容版本", "7"}, {"later", "true"}, {"阶段", "待签发"}}, out.Facts)

			in.Actor.Kind, in.Action, in.Outcome, in.Number = actor.Vendor, "no.such", trail.Failed, 0
			out = record(c, in, map[string]string{"wht": "王海涛 0132"})
			require.Equal(t, []string{"", "wht", "", page.Bad}, []string{out.Nth, out.Who, out.Act, out.Status.Tone}, "a vendor is nobody of the staff")
			return c.Redirect("/", "")
		})
	})
	require.Equal(t, 303, s.Get("/x").Status)
	require.True(t, ran)
}

func FuzzCursor(f *testing.F) {
	f.Add(encode(trail.Cursor{At: pagetest.Now, ID: uuid.New()}))
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := decode(s)
		if err != nil {
			return
		}
		again, err := decode(encode(c))
		require.NoError(t, err)
		require.True(t, again.At.Equal(c.At) && again.ID == c.ID, "%s", c.At.Format(time.RFC3339Nano))
	})
}
