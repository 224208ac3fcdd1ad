package desk

import (
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// page is what the browser shows.
type page struct {
	status int
	at     *url.URL // where the redirects led
	root   *html.Node
}

func newPage(status int, at *url.URL, body string) (*page, error) {
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	return &page{status, at, root}, nil
}

// resolve makes an address of the page whole.
func (p *page) resolve(ref string) string {
	u, err := p.at.Parse(ref)
	if err != nil {
		return ref
	}
	return u.String()
}

// all are the elements below n for which fits holds, in the order of the page.
func all(n *html.Node, fits func(*html.Node) bool) []*html.Node {
	var out []*html.Node
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && fits(d) {
			out = append(out, d)
		}
	}
	return out
}

// one is the first of all, nil without any.
func one(n *html.Node, fits func(*html.Node) bool) *html.Node {
	if n == nil {
		return nil
	}
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && fits(d) {
			return d
		}
	}
	return nil
}

// tag fits elements by name and, if one is given, by class.
func tag(a atom.Atom, class ...string) func(*html.Node) bool {
	return func(n *html.Node) bool {
		if n.DataAtom != a {
			return false
		}
		have := strings.Fields(attr(n, "class"))
		for _, c := range class {
			if !contains(have, c) {
				return false
			}
		}
		return true
	}
}

// id fits the element with an id.
func id(name string) func(*html.Node) bool {
	return func(n *html.Node) bool { return attr(n, "id") == name }
}

// with fits elements that have an attribute of this value.
func with(key, value string) func(*html.Node) bool {
	return func(n *html.Node) bool { return attr(n, key) == value }
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

// attr is the value of an attribute, "" without it.
func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func hasAttr(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

// text is what can be read in an element, spaces folded.
func text(n *html.Node) string {
	if n == nil {
		return ""
	}
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode && (d.Parent == nil || d.Parent.DataAtom != atom.Script && d.Parent.DataAtom != atom.Style) {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// said is what the page tells the reader about what they just did: why it was not accepted, or that it was.
func (p *page) said() string {
	var parts []string
	for _, n := range all(p.root, func(n *html.Node) bool {
		return tag(atom.Div, "field-error")(n) || tag(atom.Div, "toast-line")(n) || attr(n, "role") == "alert" || tag(atom.H1)(n) && p.status >= 400
	}) {
		if s := text(n); s != "" && !contains(parts, s) {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " · ")
}
