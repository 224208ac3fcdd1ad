package demo

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"caconsole/admin/actor"
	"caconsole/admin/seal"
	"caconsole/admin/staff"
	"caconsole/cmd/caconsole/demo/history"
	"caconsole/rbac"
)

// cast is two people for every role: whoever reviews an order may not issue it, and each of them has a colleague.
var cast = []struct {
	role    string
	members [2]struct{ name, no string }
}{
	{rbac.Reviewer, [2]struct{ name, no string }{{"李晓雯", "0217"}, {"陈志远", "0221"}}},
	{rbac.SecondReviewer, [2]struct{ name, no string }{{"周敏", "0233"}, {"吴建平", "0234"}}},
	{rbac.ReviewLead, [2]struct{ name, no string }{{"郑海涛", "0201"}, {"孙丽华", "0202"}}},
	{rbac.Issuer, [2]struct{ name, no string }{{"何俊", "0411"}, {"罗雪梅", "0412"}}},
	{rbac.Finance, [2]struct{ name, no string }{{"王思敏", "0305"}, {"黄伟明", "0306"}}},
	{rbac.FinanceLead, [2]struct{ name, no string }{{"刘国栋", "0301"}, {"梁静", "0302"}}},
	{rbac.Hotline, [2]struct{ name, no string }{{"许佳怡", "0508"}, {"冯子涵", "0509"}}},
	{rbac.HotlineLead, [2]struct{ name, no string }{{"谢永康", "0501"}, {"邓春燕", "0502"}}},
	{rbac.Auditor, [2]struct{ name, no string }{{"唐文博", "0601"}, {"韩雨晨", "0602"}}},
	{rbac.SecurityAdmin, [2]struct{ name, no string }{{"曹立新", "0701"}, {"彭欣", "0702"}}},
	{rbac.SystemAdmin, [2]struct{ name, no string }{{"萧东明", "0711"}, {"蔡家豪", "0712"}}},
	{rbac.KeyOfficer, [2]struct{ name, no string }{{"潘玉珍", "0801"}, {"董少雄", "0802"}}},
}

// specialists work in one project only, the first (0) or the second (1).
var specialists = []struct {
	role, name, no string
	project        int
}{
	{rbac.Reviewer, "林可欣", "0225", 0},
	{rbac.Reviewer, "高嘉铭", "0226", 1},
	{rbac.Issuer, "叶文昊", "0415", 1},
	{rbac.Finance, "余思琪", "0309", 1},
	{rbac.Hotline, "苏婉婷", "0512", 0},
}

// hired is a member of staff with what they log in by.
type hired struct {
	staff.NewMember
	member   staff.Member
	onetimes seal.Secret
}

// firstReviewer is the login of one who signs.
const firstReviewer = rbac.Reviewer + "1"

// vacancies lists whom to hire, by role; of each the third and later ones work in one project only.
func vacancies(projects [2]uuid.UUID) []*hired {
	var all []*hired
	for _, role := range cast {
		place := func(name, no string, only ...uuid.UUID) {
			count := 1
			for _, h := range all {
				if h.Roles[0] == role.role {
					count++
				}
			}
			all = append(all, &hired{NewMember: staff.NewMember{
				Login: fmt.Sprintf("%s%d", role.role, count), Name: name, No: no, Roles: []string{role.role}, Password: password(),
				Projects: only, AllProjects: len(only) == 0,
			}})
		}
		for _, m := range role.members {
			place(m.name, m.no)
		}
		for _, s := range specialists {
			if s.role == role.role {
				place(s.name, s.no, projects[s.project])
			}
		}
	}
	return all
}

// hire makes the staff's accounts and writes how they log in.
func (d *demo) hire(ctx context.Context, accounts *staff.Accounts, projects [2]uuid.UUID) ([]*hired, error) {
	people := vacancies(projects)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4) // passwords are hashed at a price
	for _, h := range people {
		g.Go(func() (err error) {
			h.member, h.onetimes, err = accounts.Create(ctx, actor.Job("demo"), h.NewMember)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	table := [][]string{{"login", "role", "password", "totp_secret"}}
	for _, h := range people {
		table = append(table, []string{h.Login, h.Roles[0], h.Password.Reveal(), h.onetimes.Reveal()})
	}
	return people, writeTable(d.file(staffFile), table)
}

// oldHands are those who work in all projects; the past is left to them.
func oldHands(people []*hired) history.Staff {
	team := history.Staff{}
	for _, h := range people {
		if role := h.Roles[0]; h.AllProjects {
			team[role] = append(team[role], actor.Actor{Kind: actor.Staff, ID: h.member.ID, Name: h.Login, AllProjects: true})
		}
	}
	return team
}

const staffFile = "staff.tsv"

// password makes one that can be typed: three groups of four letters and digits, 60 random bits.
func password() seal.Secret {
	text := strings.ToLower(rand.Text())
	return seal.Secret(text[0:4] + "-" + text[4:8] + "-" + text[8:12])
}
