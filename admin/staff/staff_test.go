package staff_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/audit"
	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/seal"
	"caconsole/admin/staff"
	"caconsole/admin/throttle"
)

const password = "correct horse battery"

// house is the accounts of a test with a clock that can be moved.
type house struct {
	*staff.Accounts
	t   *testing.T
	db  *pg.DB
	now time.Time
}

func setup(t *testing.T) *house {
	t.Helper()
	text, err := seal.NewKeys()
	require.NoError(t, err)
	ring, err := seal.ParseKeys(text)
	require.NoError(t, err)
	key, err := ring.CheckpointKey()
	require.NoError(t, err)
	h := &house{t: t, db: pgtest.New(t), now: time.Date(2026, 11, 22, 2, 31, 7, 0, time.UTC)}
	clock := func() time.Time { return h.now }
	h.Accounts = staff.New(staff.Options{
		DB: h.db, Ring: ring, Limiter: throttle.New(h.db, clock), Audit: audit.New(h.db, key, clock), Now: clock,
		Exclusive: func(roles []string) error {
			if len(roles) > 2 {
				return fault.New(fault.Conflict, "roles_exclusive", nil)
			}
			return nil
		},
		Cost: &argon2id.Params{Memory: 1024, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
	})
	return h
}

var admin = actor.Actor{Kind: actor.Staff, ID: uuid.MustParse("01930000-0000-7000-8000-000000000511"), Name: "qianyongan"}

func (h *house) create(login, no string, roles ...string) (staff.Member, seal.Secret) {
	h.t.Helper()
	m, secret, err := h.Create(h.t.Context(), admin, staff.NewMember{
		Login: login, Name: "李晓雯", No: no, Roles: roles, Password: password, AllProjects: true,
	})
	require.NoError(h.t, err)
	return m, secret
}

// input is a right login at this moment.
func (h *house) input(login string, secret seal.Secret) staff.LoginInput {
	h.t.Helper()
	code, err := staff.Code(secret, h.now)
	require.NoError(h.t, err)
	return staff.LoginInput{Login: login, Password: password, Code: seal.Secret(code), IP: "10.20.4.31", UserAgent: "test", RequestID: "r1"}
}

// entries lists what the audit log holds of an action, as "outcome reason object".
func (h *house) entries(action string) []string {
	h.t.Helper()
	var rows []string
	require.NoError(h.t, h.db.Read(h.t.Context()).Gorm().Raw(
		`SELECT replace(outcome || ' ' || reason || ' ' || object, '  ', ' ') FROM audit_entry WHERE action = ? ORDER BY id`, action).Scan(&rows).Error)
	return rows
}

func TestLogin(t *testing.T) {
	h := setup(t)
	m, secret := h.create("lixiaowen", "0217", "reviewer")
	in := h.input(" LiXiaoWen ", secret)
	token, got, err := h.Login(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, m.ID, got.ID)
	require.True(t, got.LastLoginAt.IsZero(), "the login before this one")
	raw, err := base64.RawURLEncoding.DecodeString(token)
	require.NoError(t, err)
	require.Len(t, raw, 32)

	s, who, err := h.Resume(t.Context(), token)
	require.NoError(t, err)
	require.Equal(t, []string{"reviewer"}, who.Roles)
	require.Equal(t, h.now.Add(staff.Lifetime), s.ExpiresAt.UTC())
	require.Equal(t, "10.20.4.31", who.LastLoginIP)
	require.Equal(t, []string{"ok staff:lixiaowen"}, h.entries("staff.login"))

	var stored int64
	require.NoError(t, h.db.Read(t.Context()).Gorm().Raw(
		`SELECT count(*) FROM staff_session WHERE encode(token_hash, 'escape') LIKE '%'||?||'%'`, token).Scan(&stored).Error)
	require.Zero(t, stored, "the token is not in the database")
}

func TestLoginRefused(t *testing.T) {
	h := setup(t)
	m, secret := h.create("lixiaowen", "0217", "reviewer")
	good := func() staff.LoginInput { return h.input("lixiaowen", secret) }
	cases := []struct {
		why  string
		with func(*staff.LoginInput)
	}{
		{"unknown_login staff:unknown", func(in *staff.LoginInput) { in.Login = "nobody" }},
		{"password staff:lixiaowen", func(in *staff.LoginInput) { in.Password = "wrong horse battery" }},
		{"code staff:lixiaowen", func(in *staff.LoginInput) { in.Code = "000000" }},
		{"code staff:lixiaowen", func(in *staff.LoginInput) { in.Code = "" }},
		{"code staff:lixiaowen", func(in *staff.LoginInput) {
			code, err := staff.Code(secret, h.now.Add(-5*time.Minute))
			require.NoError(t, err)
			in.Code = seal.Secret(code)
		}},
	}
	var want []string
	for _, c := range cases {
		in := good()
		c.with(&in)
		token, _, err := h.Login(t.Context(), in)
		require.Empty(t, token)
		require.True(t, fault.Is(err, fault.Unauthenticated) && fault.HasKey(err, "login_refused"), "%s: %v", c.why, err)
		want = append(want, "refused "+c.why)
	}
	require.Equal(t, want, h.entries("staff.login"))

	require.NoError(t, h.SetState(t.Context(), admin, m.ID, staff.Suspended))
	_, _, err := h.Login(t.Context(), good())
	require.True(t, fault.HasKey(err, "login_refused"))
	require.Contains(t, h.entries("staff.login"), "refused suspended staff:lixiaowen")
}

func TestCodeCountsOnce(t *testing.T) {
	h := setup(t)
	_, secret := h.create("lixiaowen", "0217", "reviewer")
	in := h.input("lixiaowen", secret)
	var wg sync.WaitGroup
	var mu sync.Mutex
	entered := 0
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if _, _, err := h.Login(t.Context(), in); err == nil {
				mu.Lock()
				entered++
				mu.Unlock()
			}
		}()
	}
	wg.Wait()
	require.Equal(t, 1, entered, "four at once with one code: one gets in")

	h.now = h.now.Add(-20 * time.Second) // an older code after a newer one
	_, _, err := h.Login(t.Context(), h.input("lixiaowen", secret))
	require.True(t, fault.HasKey(err, "login_refused"))
	require.Contains(t, h.entries("staff.login"), "refused code_used staff:lixiaowen")
	h.now = h.now.Add(time.Minute)
	_, _, err = h.Login(t.Context(), h.input("lixiaowen", secret))
	require.NoError(t, err)
}

func TestThrottle(t *testing.T) {
	h := setup(t)
	_, secret := h.create("lixiaowen", "0217", "reviewer")
	in := h.input("lixiaowen", secret)
	in.Password = "wrong horse battery"
	for range 10 {
		_, _, err := h.Login(t.Context(), in)
		require.True(t, fault.Is(err, fault.Unauthenticated), err)
	}
	_, _, err := h.Login(t.Context(), h.input("lixiaowen", secret))
	require.True(t, fault.Is(err, fault.Limited) && fault.HasKey(err, "login_refused"), "the right password, too late: the same sentence")
	require.Positive(t, fault.Of(err).RetryAfter)
	for range 5 {
		_, _, err := h.Login(t.Context(), in)
		require.True(t, fault.Is(err, fault.Limited), err)
	}
	throttled := func() int { return strings.Count(fmt.Sprint(h.entries("staff.login")), "throttled") }
	require.Equal(t, 1, throttled(), "written down once, not once a try")
	h.now = h.now.Add(10 * time.Minute)
	_, _, err = h.Login(t.Context(), h.input("lixiaowen", secret))
	require.NoError(t, err)
	for range 15 {
		_, _, err := h.Login(t.Context(), in)
		require.Error(t, err)
	}
	require.Equal(t, 2, throttled(), "and again in the next period")
}

func TestSessionEnds(t *testing.T) {
	h := setup(t)
	m, secret := h.create("lixiaowen", "0217", "reviewer")
	login := func(replaces string) string {
		h.now = h.now.Add(time.Minute)
		in := h.input("lixiaowen", secret)
		in.Replaces = replaces
		token, _, err := h.Login(t.Context(), in)
		require.NoError(t, err)
		return token
	}
	alive := func(token string) bool {
		_, _, err := h.Resume(t.Context(), token)
		require.True(t, err == nil || fault.HasKey(err, "session_missing"), err)
		return err == nil
	}
	first := login("")
	second := login(first)
	require.False(t, alive(first), "rotated at login")
	require.True(t, alive(second))
	require.False(t, alive(""))
	require.False(t, alive("made-up"))

	h.now = h.now.Add(29 * time.Minute)
	require.True(t, alive(second), "and noted as seen")
	h.now = h.now.Add(30 * time.Minute)
	require.False(t, alive(second), "idle")

	third := login("")
	for range 30 {
		h.now = h.now.Add(25 * time.Minute)
		if !alive(third) {
			break
		}
	}
	require.False(t, alive(third), "busy, but too old")

	fourth := login("")
	require.NoError(t, h.Logout(t.Context(), actor.Actor{Kind: actor.Staff, ID: m.ID, Name: m.Login}, fourth))
	require.False(t, alive(fourth))

	fifth, sixth := login(""), login("")
	n, err := h.RevokeAll(t.Context(), admin, m.ID)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.False(t, alive(fifth))
	require.False(t, alive(sixth))

	seventh := login("")
	require.NoError(t, h.SetState(t.Context(), admin, m.ID, staff.Suspended))
	require.False(t, alive(seventh))
	require.NoError(t, h.SetState(t.Context(), admin, m.ID, staff.Active))
	require.False(t, alive(seventh), "what was ended stays ended")
}

func TestCreateRefuses(t *testing.T) {
	h := setup(t)
	h.create("lixiaowen", "0217", "reviewer")
	base := staff.NewMember{Login: "wanghaitao", Name: "王海涛", No: "0132", Roles: []string{"reviewer"}, Password: password}
	for want, change := range map[string]func(*staff.NewMember){
		"staff_login_form":     func(n *staff.NewMember) { n.Login = "Wang Haitao" },
		"staff_no_form":        func(n *staff.NewMember) { n.No = "01-32" },
		"staff_name_form":      func(n *staff.NewMember) { n.Name = strings.Repeat("王", 61) },
		"staff_password_short": func(n *staff.NewMember) { n.Password = "elevenchars" },
		"staff_roles_none":     func(n *staff.NewMember) { n.Roles = nil },
		"roles_exclusive":      func(n *staff.NewMember) { n.Roles = []string{"auditor", "reviewer", "issuer"} },
		"staff_role_unknown":   func(n *staff.NewMember) { n.Roles = []string{"emperor"} },
		"staff_login_taken":    func(n *staff.NewMember) { n.Login = "lixiaowen" },
		"staff_no_taken":       func(n *staff.NewMember) { n.No = "0217" },
	} {
		n := base
		change(&n)
		_, _, err := h.Create(t.Context(), admin, n)
		require.Error(t, err, want)
		keys := []string{fault.Of(err).Key}
		for _, f := range fault.Of(err).Fields {
			keys = append(keys, f.Key)
		}
		require.Contains(t, keys, want)
	}
	lines, err := h.List(t.Context())
	require.NoError(t, err)
	require.Len(t, lines, 1, "a refused account leaves nothing behind")
}

func TestSetState(t *testing.T) {
	h := setup(t)
	m, _ := h.create("lixiaowen", "0217", "reviewer")
	self := actor.Actor{Kind: actor.Staff, ID: m.ID, Name: m.Login}
	require.True(t, fault.HasKey(h.SetState(t.Context(), self, m.ID, staff.Suspended), "staff_self"))
	require.True(t, fault.HasKey(h.SetState(t.Context(), admin, m.ID, staff.Active), "staff_state_same"))
	require.True(t, fault.Is(h.SetState(t.Context(), admin, uuid.New(), staff.Suspended), fault.NotFound))
	require.True(t, fault.Is(h.SetState(t.Context(), admin, m.ID, "gone"), fault.Invalid))
	require.Empty(t, h.entries("staff.state"))
}

func TestReadRoleSeesNoSecrets(t *testing.T) {
	h := setup(t)
	h.create("lixiaowen", "0217", "reviewer")
	q := h.db.ReadOnly(t.Context())
	var n int64
	require.NoError(t, q.Gorm().Raw(`SELECT count(*) FROM staff`).Scan(&n).Error)
	require.Equal(t, int64(1), n)
	for _, table := range []string{"staff_credential", "staff_session"} {
		require.Error(t, h.db.ReadOnly(t.Context()).Gorm().Raw(`SELECT count(*) FROM `+table).Scan(&n).Error, table)
	}
}
