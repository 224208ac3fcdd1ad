package staffkey_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/issuance/cert"
	"caconsole/issuance/signer/signertest"
	"caconsole/issuance/staffkey"
)

var now = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

func entry(t *testing.T, login, no string, roles ...string) cert.StaffKey {
	t.Helper()
	return signertest.NewPerson(t, uuid.NewString(), login, no, roles...).Entry(now)
}

// registry is two officers, a reviewer and an issuer.
func registry(t *testing.T) cert.Registry {
	t.Helper()
	r := cert.Registry{V: cert.Version, Seq: 1, Officers: 2, Revoked: []string{}, Keys: []cert.StaffKey{
		entry(t, "officer1", "0801", cert.RoleKeyOfficer), entry(t, "officer2", "0802", cert.RoleKeyOfficer),
		entry(t, "reviewer1", "0217", "reviewer"), entry(t, "issuer1", "0411", "issuer"),
	}}
	require.NoError(t, r.Check())
	return r
}

// TestComposeRefuses what the signer would: too few officers left, a key twice, a person who is two, an officer who is
// more, a passkey where Ukeys alone count.
func TestComposeRefuses(t *testing.T) {
	r := registry(t)
	reviewer := r.Keys[2]
	second := signertest.NewPerson(t, reviewer.StaffID, reviewer.Login, reviewer.No, "reviewer", "review_lead")
	passkey := signertest.NewPasskey(t, signertest.NewPerson(t, uuid.NewString(), "reviewer2", "0221", "reviewer"), now).Person
	for name, c := range map[string]struct {
		rules  cert.TrustRules
		add    []cert.StaffKey
		revoke []string
		want   string
	}{
		"nothing":           {cert.TrustRules{SoftwareKeys: true}, nil, nil, "registry_change_empty"},
		"an officer fewer":  {cert.TrustRules{SoftwareKeys: true}, nil, []string{r.Keys[0].ID()}, "registry_change_malformed"},
		"no such key":       {cert.TrustRules{SoftwareKeys: true}, nil, []string{cert.SM3(nil).Hex()}, "registry_change_malformed"},
		"a key twice":       {cert.TrustRules{SoftwareKeys: true}, []cert.StaffKey{reviewer}, nil, "registry_change_malformed"},
		"other roles":       {cert.TrustRules{SoftwareKeys: true}, []cert.StaffKey{second.Entry(now)}, nil, "registry_change_malformed"},
		"an officer's more": {cert.TrustRules{SoftwareKeys: true}, []cert.StaffKey{entry(t, "officer3", "0803", cert.RoleKeyOfficer, "hotline")}, nil, "registry_change_malformed"},
		"a passkey":         {cert.TrustRules{SoftwareKeys: true, SM2Only: true}, []cert.StaffKey{passkey}, nil, "passkeys_forbidden"},
		"roles exchanged":   {cert.TrustRules{SoftwareKeys: true}, []cert.StaffKey{second.Entry(now)}, []string{reviewer.ID()}, ""},
		"with a passkey":    {cert.TrustRules{SoftwareKeys: true, Party: signertest.Party}, []cert.StaffKey{passkey}, nil, ""},
	} {
		trust, err := cert.NewTrust(c.rules, r)
		require.NoError(t, err, name)
		_, err = staffkey.Compose(trust, c.add, c.revoke)
		if c.want == "" {
			require.NoError(t, err, name)
			continue
		}
		require.True(t, fault.HasKey(err, c.want), "%s: %v", name, err)
	}
}

// TestLeft is what a change would still do after another one was first.
func TestLeft(t *testing.T) {
	r := registry(t)
	one, two := entry(t, "reviewer2", "0221", "reviewer"), entry(t, "reviewer3", "0222", "reviewer")
	c := r.Change(r.Officers, []cert.StaffKey{one, two}, []string{r.Keys[2].ID(), r.Keys[3].ID()})
	other, err := r.Apply(r.Change(r.Officers, []cert.StaffKey{one}, []string{r.Keys[3].ID()}))
	require.NoError(t, err)
	add, revoke := staffkey.Left(c, other)
	require.Equal(t, []cert.StaffKey{two}, add)
	require.Equal(t, []string{r.Keys[2].ID()}, revoke)
	done, err := r.Apply(c)
	require.NoError(t, err)
	add, revoke = staffkey.Left(c, done)
	require.Empty(t, add)
	require.Empty(t, revoke)
}

func TestDifference(t *testing.T) {
	k := entry(t, "reviewer1", "0217", "review_lead", "reviewer")
	for want, got := range map[string]string{
		"":          staffkey.Difference(k, true, true, "reviewer1", "0217", []string{"reviewer", "review_lead"}),
		"gone":      staffkey.Difference(k, false, false, "", "", nil),
		"suspended": staffkey.Difference(k, true, false, "reviewer1", "0217", []string{"reviewer", "review_lead"}),
		"renamed":   staffkey.Difference(k, true, true, "reviewer1", "0218", []string{"reviewer", "review_lead"}),
		"roles":     staffkey.Difference(k, true, true, "reviewer1", "0217", []string{"reviewer"}),
	} {
		require.Equal(t, want, got)
	}
}
