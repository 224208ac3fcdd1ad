package applicant_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/admin/applicant"
	"caconsole/admin/fault"
)

func keys(fields []fault.Field) map[string]string {
	out := map[string]string{}
	for _, f := range fields {
		out[f.Name] = f.Key
	}
	return out
}

func TestReadAgent(t *testing.T) {
	good := applicant.Person{Name: " 张 敏 ", IDNumber: "11010519491231002x", Phone: "+86 138 0013 8000", Email: "min@example.cn"}
	out, fields := applicant.ReadAgent(good)
	require.Empty(t, fields)
	require.Equal(t, applicant.Person{Name: "张 敏", IDNumber: "11010519491231002X", Phone: "13800138000", Email: "min@example.cn"}, out)

	for name, c := range map[string]struct {
		change func(*applicant.Person)
		field  string
		key    string
	}{
		"no name":            {func(p *applicant.Person) { p.Name = "  " }, "agent.name", "required"},
		"digits in name":     {func(p *applicant.Person) { p.Name = "张3" }, "agent.name", "name_wrong"},
		"markup in name":     {func(p *applicant.Person) { p.Name = "<b>张" }, "agent.name", "name_wrong"},
		"wrong check digit":  {func(p *applicant.Person) { p.IDNumber = "110105194912310021" }, "agent.id_number", "id_number_wrong"},
		"landline":           {func(p *applicant.Person) { p.Phone = "0755-12345678" }, "agent.phone", "phone_wrong"},
		"mail without host":  {func(p *applicant.Person) { p.Email = "min@" }, "agent.email", "email_wrong"},
		"mail with name":     {func(p *applicant.Person) { p.Email = "Min <min@example.cn>" }, "agent.email", "email_wrong"},
		"mail with new line": {func(p *applicant.Person) { p.Email = "min@example.cn\r\nBcc: x@example.cn" }, "agent.email", "email_wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			p := good
			c.change(&p)
			_, fields := applicant.ReadAgent(p)
			require.Equal(t, map[string]string{c.field: c.key}, keys(fields))
		})
	}
}

func TestReadLegalAsksForTheNumberWhereTheProjectDoes(t *testing.T) {
	p := applicant.Person{Name: "李建国"}
	_, fields := applicant.ReadLegal(p, false)
	require.Empty(t, fields)
	_, fields = applicant.ReadLegal(p, true)
	require.Equal(t, map[string]string{"legal_person.id_number": "required"}, keys(fields))
	p.IDNumber = "123"
	_, fields = applicant.ReadLegal(p, false)
	require.Equal(t, map[string]string{"legal_person.id_number": "id_number_wrong"}, keys(fields))
}

func TestReadOrganisation(t *testing.T) {
	const credit, code = "9144030071526726XG", "71526726-X"
	holder := applicant.Organisation{Name: "中广核工程（深圳）有限公司", IDKind: applicant.CreditCode, IDNumber: credit}
	old := applicant.Organisation{Name: holder.Name, IDKind: applicant.OrganisationCode, IDNumber: "71526726X"}
	for name, c := range map[string]struct {
		in, holder applicant.Organisation
		flag       string
		wrong      map[string]string
	}{
		"same":                   {holder, holder, "", nil},
		"width, space, brackets": {applicant.Organisation{Name: "中广核 工程(深圳) 有限公司", IDKind: applicant.CreditCode, IDNumber: " 9144030071526726xg"}, holder, "", nil},
		"old code for new":       {applicant.Organisation{Name: holder.Name, IDKind: applicant.OrganisationCode, IDNumber: code}, holder, applicant.FlagOrganisationCode, nil},
		"old code as credit":     {applicant.Organisation{Name: holder.Name, IDKind: applicant.CreditCode, IDNumber: code}, holder, applicant.FlagOrganisationCode, nil},
		"new code for old":       {holder, old, applicant.FlagOrganisationCode, nil},
		"other name":             {applicant.Organisation{Name: "中广核工程有限公司", IDKind: applicant.CreditCode, IDNumber: credit}, holder, "", map[string]string{"organisation.name": "holder_mismatch"}},
		"other number":           {applicant.Organisation{Name: holder.Name, IDKind: applicant.CreditCode, IDNumber: "9111000071093123XX"}, holder, "", map[string]string{"organisation.id_number": "holder_mismatch"}},
		"wrong check digit":      {applicant.Organisation{Name: holder.Name, IDKind: applicant.CreditCode, IDNumber: "9144030071526726XH"}, holder, "", map[string]string{"organisation.id_number": "credit_code_wrong"}},
		"nothing":                {applicant.Organisation{IDKind: applicant.CreditCode}, holder, "", map[string]string{"organisation.name": "required", "organisation.id_number": "required"}},
		"kind unknown":           {applicant.Organisation{Name: holder.Name, IDKind: "passport", IDNumber: credit}, holder, "", map[string]string{"organisation.id_kind": "id_kind_unknown"}},
		"holder without number":  {holder, applicant.Organisation{Name: holder.Name}, "", map[string]string{"organisation.id_number": "holder_mismatch"}},
	} {
		t.Run(name, func(t *testing.T) {
			out, flag, fields := applicant.ReadOrganisation(c.in, c.holder)
			require.Equal(t, c.flag, flag)
			if c.wrong == nil {
				require.Empty(t, fields)
				require.Equal(t, c.holder.Name, out.Name)
				return
			}
			require.Equal(t, c.wrong, keys(fields))
		})
	}
}
