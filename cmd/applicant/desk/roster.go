package desk

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Member is one account of the staff file.
type Member struct {
	Login    string
	Roles    []string
	Password string
	Secret   string // TOTP, base32
}

// ErrRoster says that a staff file cannot be used.
var ErrRoster = errors.New("staff file")

// ReadRoster reads a staff file: tab-separated lines with the columns login, role, password and totp_secret, named by
// the first line. A login with several roles has a line for each.
func ReadRoster(path string) ([]Member, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRoster, err)
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	lines.Scan()
	column := map[string]int{}
	for i, name := range strings.Split(lines.Text(), "\t") {
		column[strings.TrimSpace(name)] = i
	}
	for _, name := range []string{"login", "role", "password", "totp_secret"} {
		if _, ok := column[name]; !ok {
			return nil, fmt.Errorf("%w: %s has no column %s", ErrRoster, path, name)
		}
	}
	var out []Member
	for lines.Scan() {
		cells := strings.Split(lines.Text(), "\t")
		if len(cells) < len(column) {
			continue
		}
		m := Member{
			Login: cells[column["login"]], Roles: []string{cells[column["role"]]},
			Password: cells[column["password"]], Secret: cells[column["totp_secret"]],
		}
		if at := slices.IndexFunc(out, func(o Member) bool { return o.Login == m.Login }); at >= 0 {
			out[at].Roles = append(out[at].Roles, m.Roles...)
			continue
		}
		out = append(out, m)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRoster, err)
	}
	return out, nil
}
