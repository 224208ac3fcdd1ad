package pg

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"caconsole/admin/fault"
)

// minVersion is the oldest PostgreSQL this module runs on.
const minVersion = 15

// binaries is a folder with the programs of one PostgreSQL version.
type binaries struct {
	dir   string
	major int
}

func (b binaries) path(program string) string { return filepath.Join(b.dir, program) }

// binaryFolders lists where Debian, Red Hat and a build from source put the server, and the one on the PATH.
func binaryFolders() []string {
	var dirs []string
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin"} {
		found, _ := filepath.Glob(pattern) // the patterns are well-formed
		dirs = append(dirs, found...)
	}
	if p, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	return dirs
}

var versionWord = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// findBinaries returns the newest version, or the very version a cluster was made with.
// Errors: Unavailable postgres_missing, postgres_wrong_version.
func findBinaries(dirs []string, want int) (binaries, error) {
	var found []binaries
	var majors []int
	for _, dir := range dirs {
		if _, err := exec.LookPath(filepath.Join(dir, "initdb")); err != nil {
			continue
		}
		out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output() //nolint:gosec // fixed folders
		if err != nil {
			continue
		}
		m := versionWord.FindSubmatch(out)
		if m == nil {
			continue
		}
		major, _ := strconv.Atoi(string(m[1])) // digits by the pattern
		found, majors = append(found, binaries{dir, major}), append(majors, major)
	}
	if len(found) == 0 {
		return binaries{}, &fault.Error{
			Kind: fault.Unavailable, Key: "postgres_missing", Args: fault.Args{"min": minVersion},
			Cause: errors.New("PostgreSQL is not installed: install it (Debian: apt-get install postgresql), or set DATABASE_URL"),
		}
	}
	usable := slices.DeleteFunc(found, func(b binaries) bool { return b.major < minVersion || (want != 0 && b.major != want) })
	if len(usable) == 0 {
		wanted := fmt.Sprintf("%d or newer", minVersion)
		if want != 0 {
			wanted = strconv.Itoa(want)
		}
		return binaries{}, &fault.Error{
			Kind: fault.Unavailable, Key: "postgres_wrong_version",
			Args:  fault.Args{"wanted": wanted, "found": fmt.Sprint(majors)},
			Cause: fmt.Errorf("PostgreSQL %s is needed, installed is %v", wanted, majors),
		}
	}
	return slices.MaxFunc(usable, func(a, b binaries) int { return a.major - b.major }), nil
}
