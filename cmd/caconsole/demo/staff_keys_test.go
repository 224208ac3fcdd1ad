package demo

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Everybody who signs has a key of their own, which the signer believes and nobody else may read; the others have none.
func TestWhoSignsHasAKey(t *testing.T) {
	t.Parallel()
	d := &demo{folder: folder(t.TempDir())}
	people := vacancies([2]uuid.UUID{uuid.New(), uuid.New()})
	want, ids := []string{}, map[uuid.UUID]bool{}
	for _, p := range people {
		p.member.ID, p.member.Roles = uuid.New(), p.Roles
		if slices.Contains([]string{"reviewer", "second_reviewer", "review_lead", "issuer", "key_officer"}, p.Roles[0]) {
			want, ids[p.member.ID] = append(want, p.Login), true
		}
	}
	keys, believed, err := d.makeStaffKeys(people)
	require.NoError(t, err)
	require.Len(t, keys, len(want))
	files, err := filepath.Glob(d.file("staff-keys", "*.pem"))
	require.NoError(t, err)
	have := []string{}
	for _, f := range files {
		info, err := os.Stat(f)
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, f)
		have = append(have, strings.TrimSuffix(filepath.Base(f), ".pem"))
	}
	require.ElementsMatch(t, want, have)
	seen := map[string]bool{}
	for _, b := range believed {
		require.False(t, seen[string(b.PublicKey)], "one key a person")
		seen[string(b.PublicKey)] = true
		require.True(t, ids[uuid.MustParse(b.StaffID)], b.Login)
		require.NotEmpty(t, b.No)
	}
	require.Len(t, believed, len(want), "two who work in one project only among them")
}
