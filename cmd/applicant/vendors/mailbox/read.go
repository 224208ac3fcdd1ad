package mailbox

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"

	"golang.org/x/net/html/charset"
)

// errNoText says that a mail has no part a person could read.
var errNoText = errors.New("no text part")

// parse returns the subject and the text of a mail: the first text/plain part, else the first text/html part as it is.
func parse(r io.Reader) (subject, text string, err error) {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return "", "", err
	}
	words := mime.WordDecoder{CharsetReader: charset.NewReaderLabel}
	if subject, err = words.DecodeHeader(m.Header.Get("Subject")); err != nil {
		return "", "", fmt.Errorf("subject: %w", err)
	}
	plain, rich, err := texts(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body, 0)
	switch {
	case err != nil:
		return "", "", err
	case plain != "":
		return subject, plain, nil
	case rich != "":
		return subject, rich, nil
	}
	return "", "", errNoText
}

// texts walks the parts of a mail, at most five levels deep.
func texts(contentType, encoding string, body io.Reader, depth int) (plain, rich string, err error) {
	if contentType == "" {
		contentType = "text/plain"
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", "", fmt.Errorf("content type: %w", err)
	}
	switch {
	case strings.HasPrefix(kind, "multipart/") && depth < 5:
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return plain, rich, nil
			}
			if err != nil {
				return "", "", fmt.Errorf("parts: %w", err)
			}
			a, b, err := texts(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p, depth+1)
			if err != nil {
				return "", "", err
			}
			plain, rich = first(plain, a), first(rich, b)
		}
	case kind == "text/plain", kind == "text/html":
		s, err := decode(params["charset"], encoding, body)
		if kind == "text/html" {
			return "", s, err
		}
		return s, "", err
	}
	return "", "", nil
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func decode(label, encoding string, body io.Reader) (string, error) {
	switch strings.ToLower(encoding) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	if label != "" {
		var err error
		if body, err = charset.NewReaderLabel(label, body); err != nil {
			return "", fmt.Errorf("charset: %w", err)
		}
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		return "", fmt.Errorf("body: %w", err)
	}
	return strings.ReplaceAll(strings.TrimRight(string(raw), "\r\n"), "\r\n", "\n"), nil
}

// quiet takes go-smtp's own log; clients that hang up are no news.
type quiet struct{ log *slog.Logger }

func (q quiet) Printf(format string, v ...any) {
	q.log.Debug("smtp", "detail", fmt.Sprintf(format, v...))
}
func (q quiet) Println(v ...any) { q.log.Debug("smtp", "detail", fmt.Sprintln(v...)) }
