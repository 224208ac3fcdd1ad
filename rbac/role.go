package rbac

import (
	"slices"

	"caconsole/admin/fault"
)

// The roles.
const (
	Reviewer       = "reviewer"
	SecondReviewer = "second_reviewer"
	ReviewLead     = "review_lead"
	Issuer         = "issuer"
	Finance        = "finance"
	FinanceLead    = "finance_lead"
	Hotline        = "hotline"
	HotlineLead    = "hotline_lead"
	Auditor        = "auditor"
	SecurityAdmin  = "security_admin"
	SystemAdmin    = "system_admin"
	KeyOfficer     = "key_officer"
)

// Roles lists every role.
func Roles() []string {
	return []string{
		Reviewer, SecondReviewer, ReviewLead, Issuer, Finance, FinanceLead, Hotline, HotlineLead,
		Auditor, SecurityAdmin, SystemAdmin, KeyOfficer,
	}
}

// The groups that one person may not be in two of. The three administrators of 三员分立 (system, security, audit) stand
// apart from each other and from all business; so do the key officers, who say whose signatures count: the signer takes
// nobody as one who is anything else. Within the business, whoever approves an order neither issues its certificate nor
// books its money.
var groups = [][]string{
	{Auditor},
	{SecurityAdmin},
	{SystemAdmin},
	{KeyOfficer},
	{Reviewer, SecondReviewer, ReviewLead},
	{Issuer},
	{Finance, FinanceLead},
	{Hotline, HotlineLead},
}

// CheckRoles refuses roles that one person may not hold together, and unknown ones.
// Errors: Conflict roles_exclude with both roles, Invalid role_unknown.
func CheckRoles(roles []string) error {
	for i, a := range roles {
		ga := group(a)
		if ga < 0 {
			return fault.New(fault.Invalid, "role_unknown", fault.Args{"role": a})
		}
		for _, b := range roles[:i] {
			gb := group(b)
			if ga == gb {
				continue
			}
			return fault.New(fault.Conflict, "roles_exclude", fault.Args{"one": b, "other": a})
		}
	}
	return nil
}

func group(role string) int {
	return slices.IndexFunc(groups, func(g []string) bool { return slices.Contains(g, role) })
}
