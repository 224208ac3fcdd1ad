package page

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"

	"caconsole/admin/fault"
	"caconsole/ui/static"
)

//go:embed templates/*.html
var templateFiles embed.FS

// View is what every template is executed with: the frame's data and the page's own struct.
type View struct {
	Page *Page
	Data any
}

// renderer holds every page, parsed once for each language, so that the sentences need no look-up of the language
// while rendering.
type renderer struct {
	catalogue *Catalogue
	assets    *static.Assets
	base      map[string]*template.Template            // by language
	pages     map[string]map[string]*template.Template // by language and "area/page"
	buffers   sync.Pool
}

func newRenderer(assets *static.Assets) (*renderer, error) {
	cat, err := newCatalogue()
	if err != nil {
		return nil, err
	}
	r := &renderer{
		catalogue: cat, assets: assets,
		base:    map[string]*template.Template{},
		pages:   map[string]map[string]*template.Template{},
		buffers: sync.Pool{New: func() any { return new(bytes.Buffer) }},
	}
	for _, lang := range Languages {
		t := template.New("base").Funcs(r.funcs(lang)).Option("missingkey=error")
		if r.base[lang], err = t.ParseFS(templateFiles, "templates/_*.html"); err != nil {
			return nil, fmt.Errorf("shared templates: %w", err)
		}
		r.pages[lang] = map[string]*template.Template{}
	}
	pages, err := fs.Sub(templateFiles, "templates")
	if err != nil {
		return nil, fmt.Errorf("shared templates: %w", err)
	}
	return r, r.add("page", pages)
}

// add parses an area's pages. Its sentences are loaded first, because a page that names a missing one is refused.
func (r *renderer) add(area string, files fs.FS) error {
	if area != "page" {
		if err := r.catalogue.addFolder(files, "."); err != nil {
			return err
		}
	}
	names, err := fs.Glob(files, "*.html")
	if err != nil {
		return fmt.Errorf("list templates: %w", err)
	}
	parts := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !strings.HasPrefix(n, "_") })
	var errs []error
	for _, name := range names {
		if strings.HasPrefix(name, "_") {
			continue
		}
		for _, lang := range Languages {
			t, err := r.parse(lang, files, append(slices.Clone(parts), name))
			if err != nil {
				errs = append(errs, fmt.Errorf("%s (%s): %w", name, lang, err))
				continue
			}
			r.pages[lang][area+"/"+strings.TrimSuffix(path.Base(name), ".html")] = t
		}
	}
	return errors.Join(errs...)
}

func (r *renderer) parse(lang string, files fs.FS, names []string) (*template.Template, error) {
	t, err := r.base[lang].Clone()
	if err != nil {
		return nil, fmt.Errorf("clone: %w", err)
	}
	if t, err = t.ParseFS(files, names...); err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	if t.Lookup("title") == nil || t.Lookup("content") == nil {
		return nil, errors.New(`a page defines "title" and "content"`)
	}
	return t, r.check(t)
}

// execute renders a definition of a page into a pooled buffer and hands it over; an error leaves no half page.
func (r *renderer) execute(lang, page, definition string, v View, use func([]byte)) error {
	t, ok := r.pages[lang][page]
	if !ok {
		return fault.Wrap("template_unknown", fmt.Errorf("no page %q", page))
	}
	buf, _ := r.buffers.Get().(*bytes.Buffer)
	defer r.buffers.Put(buf)
	buf.Reset()
	if err := t.ExecuteTemplate(buf, definition, v); err != nil {
		return fault.Wrap("template_failed", err)
	}
	use(buf.Bytes())
	return nil
}

// Render answers with a page, "area/file": whole, or for htmx only the definition that bears the id of the target
// element, and "content" if there is none of that name.
func (c *Ctx) Render(page string, data any) error {
	if !c.Fragment() {
		return c.send(page, "", data)
	}
	definition := "content"
	if _, id, ok := strings.Cut(c.f.Get("HX-Target"), "#"); ok {
		if id, err := url.PathUnescape(id); err == nil && c.router.render.defines(c.lang, page, id) {
			definition = id
		}
	}
	c.f.Vary("HX-Request", "HX-Target")
	return c.send(page, definition, data)
}

func (r *renderer) defines(lang, page, definition string) bool {
	t, ok := r.pages[lang][page]
	return ok && t.Lookup(definition) != nil
}

// send renders a definition, "" being the whole page: in the frame for people with a session, else bare.
func (c *Ctx) send(page, definition string, data any) error {
	if definition == "" {
		definition = "frame"
		if c.identity.Name == "" {
			definition = "bare"
		}
	}
	v := View{Page: c.page(definition == "frame"), Data: data}
	c.f.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	return c.router.render.execute(c.lang, page, definition, v, func(b []byte) { c.f.Response().SetBody(b) })
}
