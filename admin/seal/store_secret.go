package seal

import (
	"database/sql/driver"
	"errors"
)

// Value refuses to give a Secret to the database: plain text must not land in a column, whatever a row type says.
// Store files seal it, index it or mask it.
func (s Secret) Value() (driver.Value, error) {
	return nil, errors.New("seal: a Secret goes to the database sealed, or not at all")
}
