package rbac_test

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/rbac"
)

var quiet = slog.New(slog.DiscardHandler)

func load(tb testing.TB, db *pg.DB, now func() time.Time) *rbac.Policy {
	tb.Helper()
	p, err := rbac.Load(tb.Context(), db, quiet, now)
	require.NoError(tb, err)
	return p
}

const (
	reviewing = "case:claim case:decide case:reveal case:view document:view home:view identity:view key:enrol order:search queue:view"
	money     = "case:view home:view invoice:resend invoice:view matching:allocate matching:view order:search statement:import statement:view"
)

// The rules that the migrations leave behind: nobody can do more than this table says.
func TestDefaultPolicy(t *testing.T) {
	t.Parallel()
	p := load(t, pgtest.New(t), time.Now)
	want := map[string]string{
		rbac.Reviewer:       reviewing,
		rbac.SecondReviewer: reviewing,
		rbac.ReviewLead:     reviewing + " certificate:revoke certificate:view order:refund order:unblock profile:change profile:view update:decide",
		rbac.Issuer:         "case:view certificate:revoke certificate:view home:view issuance:confirm issuance:manual issuance:view key:enrol order:search profile:change profile:view signer:view",
		rbac.Finance:        money,
		rbac.FinanceLead:    money + " order:refund",
		rbac.Hotline:        "home:view hotline:view",
		rbac.HotlineLead:    "case:view home:view hotline:view order:search order:unblock update:decide",
		rbac.Auditor:        "audit:verify audit:view home:view signer:view staff:view",
		rbac.SecurityAdmin:  "home:view staff:manage staff:view",
		rbac.SystemAdmin:    "home:view project:manage project:view signer:view",
		rbac.KeyOfficer:     "home:view key:enrol registry:change registry:view signer:view",
		"staff":             "", // a group in the rules, no role a person could have
		"nobody":            "",
	}
	for _, role := range rbac.Roles() {
		require.Contains(t, want, role)
	}
	for role, permissions := range want {
		got := slices.Sorted(maps.Keys(p.Permissions(t.Context(), []string{role})))
		require.ElementsMatch(t, strings.Fields(permissions), got, role)
	}
	both := p.Permissions(t.Context(), []string{rbac.Finance, rbac.Hotline})
	require.True(t, both[rbac.HotlineView] && both[rbac.StatementImport] && !both[rbac.CaseDecide])
	require.Empty(t, p.Permissions(t.Context(), nil))
}

// A right that is taken away on one node is gone on another one, and a given one is there.
func TestChangesReachOtherNodes(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	other := load(t, db, time.Now)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { other.Watch(ctx); close(ended) }()
	t.Cleanup(func() { stop(); <-ended })
	can := func(role, permission string) bool { return other.Permissions(ctx, []string{role})[permission] }
	change := func(sql, role, noun, verb string) {
		t.Helper()
		require.NoError(t, db.InTx(ctx, func(_ context.Context, tx pg.Tx) error { return tx.Gorm().Exec(sql, role, noun, verb).Error }))
	}
	eventually := func(want bool, role, permission string) {
		t.Helper()
		require.Eventually(t, func() bool { return can(role, permission) == want }, 10*time.Second, time.Millisecond)
	}
	version := other.Version()

	require.True(t, can(rbac.SecondReviewer, rbac.CaseDecide))
	change("DELETE FROM casbin_rule WHERE ptype = 'p' AND v0 = ? AND v1 = ? AND v2 = ?", rbac.Reviewer, "case", "decide")
	eventually(false, rbac.Reviewer, rbac.CaseDecide)
	require.False(t, can(rbac.SecondReviewer, rbac.CaseDecide), "it came from the reviewer's")
	require.True(t, can(rbac.Reviewer, rbac.CaseView))
	require.Greater(t, other.Version(), version)

	change("INSERT INTO casbin_rule (ptype, v0, v1, v2) VALUES ('p', ?, ?, ?)", rbac.KeyOfficer, "audit", "view")
	eventually(true, rbac.KeyOfficer, rbac.AuditView)
}

// Rules that cannot be read for long permit nothing.
func TestOldRulesPermitNothing(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	now := time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)
	p := load(t, db, func() time.Time { return now })
	gone, cancel := context.WithCancel(t.Context())
	cancel()

	now = now.Add(5 * time.Minute)
	require.NotEmpty(t, p.Permissions(gone, []string{rbac.Reviewer}))
	now = now.Add(time.Second)
	require.Empty(t, p.Permissions(gone, []string{rbac.Reviewer}))
	require.NotEmpty(t, p.Permissions(t.Context(), []string{rbac.Reviewer}))
	require.NotEmpty(t, p.Permissions(gone, []string{rbac.Reviewer}), "read again just now")
}

func TestCheckRoles(t *testing.T) {
	t.Parallel()
	for _, fine := range [][]string{
		{},
		{rbac.Reviewer, rbac.SecondReviewer, rbac.ReviewLead},
		{rbac.Finance, rbac.FinanceLead},
		{rbac.KeyOfficer},
		{rbac.Issuer},
	} {
		require.NoError(t, rbac.CheckRoles(fine), fine)
	}
	for _, bad := range [][]string{
		{rbac.Auditor, rbac.Hotline},
		{rbac.SecurityAdmin, rbac.SystemAdmin},
		{rbac.Reviewer, rbac.SecurityAdmin},
		{rbac.Finance, rbac.Reviewer},
		{rbac.Reviewer, rbac.ReviewLead, rbac.Issuer},
		{rbac.KeyOfficer, rbac.Issuer},
		{rbac.KeyOfficer, rbac.Auditor},
		{rbac.KeyOfficer, rbac.ReviewLead},
		{rbac.KeyOfficer, rbac.Hotline},
		{rbac.FinanceLead, rbac.KeyOfficer},
	} {
		err := rbac.CheckRoles(bad)
		require.True(t, fault.HasKey(err, "roles_exclude"), bad)
		slices.Reverse(bad)
		require.True(t, fault.HasKey(rbac.CheckRoles(bad), "roles_exclude"), bad)
	}
	require.True(t, fault.HasKey(rbac.CheckRoles([]string{"emperor"}), "role_unknown"))
}

func BenchmarkPermissions(b *testing.B) {
	p := load(b, pgtest.New(b), time.Now)
	roles := []string{rbac.ReviewLead, rbac.SecondReviewer}
	for b.Loop() {
		if !p.Permissions(b.Context(), roles)[rbac.CaseDecide] {
			b.Fatal("not permitted")
		}
	}
}

// What a change of the rules costs each process.
func BenchmarkLoad(b *testing.B) {
	db := pgtest.New(b)
	for b.Loop() {
		load(b, db, time.Now)
	}
}
