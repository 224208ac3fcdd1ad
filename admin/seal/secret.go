package seal

import (
	"fmt"
	"log/slog"
)

// hidden is what a Secret shows of itself, whatever prints it.
const hidden = "***"

// Secret is a text that must not reach a log, an error or a JSON answer by accident: name, ID number, phone, mailbox,
// account, code, password. Only Reveal gives it away, so that every place that does can be found by that name.
// It reads from JSON as a plain string.
type Secret string

// Reveal returns the text.
func (s Secret) Reveal() string { return string(s) }

// String hides the text; an empty Secret shows as empty.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// Format hides the text from every verb of package fmt, %x and %#v too.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue hides the text from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the text from encoders of text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON hides the text from JSON.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }
