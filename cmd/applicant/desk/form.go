package desk

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// form is a form of a page as a browser would send it: with all its hidden fields and what is filled in already.
type form struct {
	page   *page
	node   *html.Node
	values url.Values
	files  map[string]upload
}

// upload is what a file field holds.
type upload struct {
	name string
	body []byte
}

// form finds the form that leads to an address: its own, or that of one of its buttons. nil where the page offers none,
// and that means: not to this reader, not now.
func (p *page) form(action string) *form {
	for _, n := range all(p.root, tag(atom.Form)) {
		f := &form{page: p, node: n}
		if p.path(attr(n, "action")) == action || f.button(action) != nil {
			f.read()
			return f
		}
	}
	return nil
}

// path is an address without its host and query.
func (p *page) path(ref string) string {
	u, err := p.at.Parse(ref)
	if err != nil {
		return ""
	}
	return u.Path
}

// controls are the form's fields and buttons: those inside it and those elsewhere that name it.
func (f *form) controls() []*html.Node {
	name := attr(f.node, "id")
	return all(f.page.root, func(n *html.Node) bool {
		switch n.DataAtom {
		case atom.Input, atom.Textarea, atom.Select, atom.Button:
		default:
			return false
		}
		if owner := attr(n, "form"); owner != "" {
			return owner == name
		}
		for up := n.Parent; up != nil; up = up.Parent {
			if up == f.node {
				return true
			}
		}
		return false
	})
}

// read takes what the page has filled in.
func (f *form) read() {
	f.values, f.files = url.Values{}, map[string]upload{}
	for _, c := range f.controls() {
		name := attr(c, "name")
		if name == "" || hasAttr(c, "disabled") {
			continue
		}
		switch c.DataAtom {
		case atom.Textarea:
			f.values.Add(name, rawText(c))
		case atom.Select:
			for i, o := range all(c, tag(atom.Option)) {
				if hasAttr(o, "selected") || i == 0 && !f.values.Has(name) {
					f.values.Set(name, attr(o, "value"))
				}
			}
		case atom.Input:
			f.readInput(c, name)
		default: // a button is sent by who presses it
		}
	}
}

func (f *form) readInput(c *html.Node, name string) {
	switch attr(c, "type") {
	case "checkbox", "radio":
		if hasAttr(c, "checked") {
			f.values.Add(name, boxValue(c))
		}
	case "file", "submit", "button", "image", "reset":
	default:
		f.values.Add(name, attr(c, "value"))
	}
}

func boxValue(c *html.Node) string {
	if hasAttr(c, "value") {
		return attr(c, "value")
	}
	return "on"
}

func rawText(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// boxes are the values of the checkboxes of a name that can be ticked.
func (f *form) boxes(name string) []string {
	var out []string
	for _, c := range f.controls() {
		if attr(c, "type") == "checkbox" && attr(c, "name") == name && !hasAttr(c, "disabled") {
			out = append(out, boxValue(c))
		}
	}
	return out
}

// button is the form's button that leads to an address, nil without one.
func (f *form) button(action string) *html.Node {
	for _, c := range f.controls() {
		if c.DataAtom == atom.Button && hasAttr(c, "formaction") && f.page.path(attr(c, "formaction")) == action {
			return c
		}
	}
	return nil
}

// encode makes the request's body.
func (f *form) encode() (contentType string, body []byte, err error) {
	if attr(f.node, "enctype") != "multipart/form-data" {
		return "application/x-www-form-urlencoded", []byte(f.values.Encode()), nil
	}
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	for name, values := range f.values {
		for _, v := range values {
			if err := w.WriteField(name, v); err != nil {
				return "", nil, err
			}
		}
	}
	for name, up := range f.files {
		part, err := w.CreateFormFile(name, path.Base(up.name))
		if err != nil {
			return "", nil, err
		}
		if _, err := io.Copy(part, bytes.NewReader(up.body)); err != nil {
			return "", nil, err
		}
	}
	if err := w.Close(); err != nil {
		return "", nil, err
	}
	return w.FormDataContentType(), out.Bytes(), nil
}

// method is the HTTP method of the form.
func (f *form) method() (string, error) {
	if m := strings.ToUpper(attr(f.node, "method")); m == http.MethodPost {
		return m, nil
	}
	return "", fmt.Errorf("the form at %s changes nothing", f.page.at.Path)
}
