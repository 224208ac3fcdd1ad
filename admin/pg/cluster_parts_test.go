package pg

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
)

func TestSocketFolder(t *testing.T) {
	t.Parallel()
	short, err := os.MkdirTemp("/tmp", "s")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(short) })
	long := filepath.Join(short, strings.Repeat("x", 90))
	comma := filepath.Join(short, "a,b")
	for _, dir := range []string{long, comma} {
		require.NoError(t, os.Mkdir(dir, 0o700))
	}

	got, err := socketFolder(short, "/run/x")
	require.NoError(t, err)
	require.Equal(t, filepath.Join(short, "socket"), got)
	for _, base := range []string{long, comma} {
		got, err = socketFolder(base, filepath.Join(base, "no"), "/missing/x", filepath.Join(short, "y"))
		require.NoError(t, err)
		require.Equal(t, filepath.Join(short, "y"), got)
	}
	_, err = socketFolder(long)
	require.True(t, fault.HasKey(err, "cluster_socket_too_long"))
	require.ErrorContains(t, err, "107 bytes")
}

func TestFindBinaries(t *testing.T) {
	t.Parallel()
	installed := func(version string) string {
		dir := t.TempDir()
		for _, program := range []string{"initdb", "postgres"} {
			script := "#!/bin/sh\necho '" + program + " (PostgreSQL) " + version + " (Debian)'\n"
			require.NoError(t, os.WriteFile(filepath.Join(dir, program), []byte(script), 0o700))
		}
		return dir
	}
	old, middle, newest := installed("13.4"), installed("15.18"), installed("17rc1")

	_, err := findBinaries([]string{t.TempDir()}, 0)
	require.True(t, fault.HasKey(err, "postgres_missing"))
	require.ErrorContains(t, err, "apt-get install postgresql")

	got, err := findBinaries([]string{old, newest, middle}, 0)
	require.NoError(t, err)
	require.Equal(t, binaries{newest, 17}, got)

	got, err = findBinaries([]string{old, newest, middle}, 15)
	require.NoError(t, err, "a cluster is opened by the version that made it")
	require.Equal(t, binaries{middle, 15}, got)

	_, err = findBinaries([]string{old}, 0)
	require.True(t, fault.HasKey(err, "postgres_wrong_version"))
	require.ErrorContains(t, err, "15 or newer is needed, installed is [13]")
	_, err = findBinaries([]string{newest}, 15)
	require.ErrorContains(t, err, "PostgreSQL 15 is needed, installed is [17]")
}
