package ui_test

import (
	"strings"
	"time"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
	"caconsole/ui/page"
	"caconsole/ui/profiles"
)

// profileScreens are the versions of the profiles, one of them before its second signature, and the form that changes one.
func profileScreens() []screen {
	wrong := fault.InvalidFields(fault.Field{Name: "years", Key: "profile_years_wrong"}, fault.Field{Name: "crl.0", Key: "profile_url_wrong"}, fault.Field{Name: "sign_usage", Key: "profile_usage_wrong"})
	return []screen{
		{name: "profiles", path: "/profiles", template: "profiles/list", data: func(w words) any { return profileList(w, 9) }},
		{name: "profiles-empty", path: "/profiles", template: "profiles/list", data: func(w words) any { return profileList(w, 0) }},
		{name: "profile", path: "/profiles/:sum", template: "profiles/show", data: func(w words) any { return profileDetail(w) }},
		{name: "profile-current", path: "/profiles/:sum", template: "profiles/show", data: func(w words) any {
			p := profileDetail(w)
			p.Changes, p.Before, p.Chain, p.MaySign, p.MayWithdraw, p.MayEdit, p.Say = nil, 0, nil, false, false, true, w("profiles.say.current", nil)
			p.Status = page.Status{Tone: page.OK, Word: w("profiles.state.current", nil)}
			return p
		}},
		{name: "profile-refused", path: "/profiles/:sum", template: "profiles/show", data: func(w words) any {
			p := profileDetail(w)
			p.MaySign, p.Refused, p.Say = false, w("profile_revision_wrong", map[string]any{"revision": 3}), w("profiles.say.refused", nil)
			p.Status = page.Status{Tone: page.Bad, Word: w("profiles.state.refused", nil)}
			return p
		}},
		{name: "profile-edit", path: "/profiles/:sum/edit", template: "profiles/edit", data: func(w words) any { return profileEdit(w) }},
		{name: "profile-edit-refused", path: "/profiles/:sum/edit", template: "profiles/edit", refused: wrong, data: func(w words) any {
			p := profileEdit(w)
			p.Form.CRL = "ftp://crl.example.cn/issuing.crl"
			for i := range p.Years {
				p.Years[i].Set = false
			}
			p.SignUsage[0].Set, p.SignUsage[1].Set = false, false
			p.Wrong = map[string][]string{
				"years": {w("profile_years_wrong", nil)}, "sign_usage": {w("profile_usage_wrong", nil)},
				"crl": {w("profiles.line", map[string]any{"n": 1, "what": w("profile_url_wrong", nil)})},
			}
			return p
		}},
	}
}

func profileLine(w words, n int, tone, state string) profiles.Line {
	return profiles.Line{
		Sum: caseSerial + caseSerial, ID: "organisation-1", Revision: n, Type: w("profiles.type.organisation", nil), Years: "1 2 3 4 5",
		Status: page.Status{Tone: tone, Word: w("profiles.state."+state, nil)}, Since: *ago(time.Duration(10-n) * 200 * time.Hour),
	}
}

func profileList(w words, lines int) profiles.List {
	p := profiles.List{Empty: page.Empty{Title: w("profiles.empty", nil), Text: w("profiles.empty.text", nil)}}
	for i := range lines {
		tone, state := page.Closed, "former"
		switch i {
		case 0:
			tone, state = page.Progress, "open"
		case 1:
			tone, state = page.OK, "current"
		case 3:
			state = "withdrawn"
		}
		p.Lines = append(p.Lines, profileLine(w, lines-i, tone, state))
	}
	return p
}

func profileDetail(w words) profiles.Detail {
	p := profiles.Detail{
		Line: profileLine(w, 4, page.Progress, "open"), JSON: string(cert.OrganisationProfile("http://localhost:8080").Canonical()), Before: 3, MaySign: true, Second: true, MayWithdraw: true, Say: w("profiles.say.second", nil),
		Changes: []profiles.Change{{Path: "crl.0", Old: "http://localhost:8080/crl/issuing.crl", New: "http://crl.example.cn/crl/issuing.crl"}, {Path: "policy_oid", Old: "1.2.156.157.2.1.1", New: "1.2.156.157.2.1.9"}, {Path: "revision", Old: "3", New: "4"}, {Path: "years.4", Old: "5"}},
		Chain: []page.Step{
			{Status: page.Status{Tone: page.OK, Word: w("profiles.step.proposed", nil)}, Text: colleagues[0].name + " " + colleagues[0].no, When: "11-22 08:12"},
			{Status: page.Status{Tone: page.OK, Word: w("profiles.step.profile_change", nil)}, Text: colleagues[0].name + " " + colleagues[0].no, When: "11-22 08:13"},
			{Status: page.Status{Tone: page.NotYet, Word: w("profiles.step.profile_check", nil)}},
		},
	}
	for _, f := range [][2]string{
		{"project", w("profiles.project.any", nil)},
		{"type", w("profiles.type.organisation", nil)},
		{"years", w("profiles.years.rule", map[string]any{"years": "1 2 3 4"})},
		{"dn", "C=CN  ST={province}  L={locality}  O={organisation}  OU={unit}?  CN={organisation}"},
		{"identity", "1.2.156.10260.4.1.4 printable none"},
		{"sign_usage", w("certificates.usage.digitalSignature", nil)},
		{"enc_key", w("profiles.enc_key.keep", nil)},
		{"policy_oid", "1.2.156.157.2.1.9"},
		{"crl", "http://crl.example.cn/crl/issuing.crl"},
		{"ca_issuers", "http://localhost:8080/ca/issuing.cer"},
		{"csr_response", "[0] explicit, [1] implicit"},
	} {
		p.Facts = append(p.Facts, profiles.Fact{Word: w("profiles."+f[0], nil), Value: f[1]})
	}
	return p
}

func profileEdit(w words) profiles.Edit {
	p := profiles.Edit{
		Line: profileLine(w, 3, page.OK, "current"), Tagging: []string{cert.TagExplicit, cert.TagImplicit},
		Form: profiles.Form{
			DN: strings.ReplaceAll("C=CN ST={province} L={locality} O={organisation} OU={unit}? CN={organisation}", " ", "\n"), Identity: "1.2.156.10260.4.1.4 printable none",
			PolicyOID: "1.2.156.157.2.1.1", CRL: "http://localhost:8080/crl/issuing.crl", CAIssuers: "http://localhost:8080/ca/issuing.cer", Key: cert.TagExplicit, Certificates: cert.TagImplicit,
		},
	}
	for _, n := range []string{"1", "2", "3", "4", "5"} {
		p.Years = append(p.Years, profiles.Box{Value: n, Word: n, Set: true})
	}
	for _, u := range []string{"digitalSignature", "nonRepudiation"} {
		p.SignUsage = append(p.SignUsage, profiles.Box{Value: u, Word: w("certificates.usage."+u, nil), Set: true})
	}
	for _, u := range []string{"keyEncipherment", "dataEncipherment", "keyAgreement"} {
		p.EncUsage = append(p.EncUsage, profiles.Box{Value: u, Word: w("certificates.usage."+u, nil), Set: true})
	}
	for i, k := range []string{cert.EncKeyKeep, cert.EncKeyKMC} {
		p.EncKey = append(p.EncKey, profiles.Box{Value: k, Word: w("profiles.enc_key."+k, nil), Set: i == 0})
	}
	return p
}
