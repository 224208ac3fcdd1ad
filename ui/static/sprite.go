//go:build ignore

// Command sprite writes icons.svg, icon.svg and guilloche.svg: the icons named in icons.txt, taken from an unpacked
// @tabler/icons package, and the rosettes, which are drawn here. See VENDOR.md for the call.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var path = regexp.MustCompile(`<(path|circle|rect|line)[^>]*>`)

func main() {
	from := flag.String("icons", "", "folder icons/outline of the unpacked @tabler/icons package")
	flag.Parse()
	list, err := os.ReadFile("icons.txt")
	if err != nil {
		log.Fatal(err)
	}
	var out bytes.Buffer
	out.WriteString(`<svg xmlns="http://www.w3.org/2000/svg">` + "\n")
	for name := range strings.Lines(string(list)) {
		name = strings.TrimSpace(name)
		if name == "" || strings.HasPrefix(name, "#") {
			continue
		}
		svg, err := os.ReadFile(filepath.Join(*from, name+".svg"))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Fprintf(&out, `<symbol id="%s" viewBox="0 0 24 24">`, name)
		for _, m := range path.FindAllString(string(svg), -1) {
			if !strings.Contains(m, `stroke="none"`) {
				out.WriteString(m)
			}
		}
		out.WriteString("</symbol>\n")
	}
	// The mark is drawn twice: at 24 px the fine one would run into a disc.
	out.WriteString(`<symbol id="mark" viewBox="-50 -50 100 100">` + rosette(16, 49, 7, 2.1) + "</symbol>\n")
	out.WriteString(`<symbol id="rosette" viewBox="-50 -50 100 100">` + rosette(32, 49, 9, 0.7) + "</symbol>\n</svg>\n")
	write("icons.svg", out.Bytes())

	write("icon.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="-50 -50 100 100" color="#135a87">`+rosette(16, 49, 7, 2.6)+"</svg>\n"))

	art := `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-430 -430 860 860" width="860" height="860" color="#8fc3e4">` +
		`<g opacity=".3">` + rosette(60, 420, 80, 1) + `</g>` +
		`<g opacity=".42">` + rosette(40, 154, 80, 1) + `</g>` +
		`<g opacity=".34">` + rosette(36, 80, 31, 1) + "</g></svg>\n"
	write("guilloche.svg", []byte(art))
}

// rosette draws n equal circles whose centres lie on a circle, so that their envelope runs from inner to outer.
func rosette(n int, outer, inner, stroke float64) string {
	r, off := (outer+inner)/2, (outer-inner)/2
	var b strings.Builder
	fmt.Fprintf(&b, `<g fill="none" stroke="currentColor" stroke-width="%g">`, stroke)
	for i := range n {
		a := 2 * math.Pi * float64(i) / float64(n)
		fmt.Fprintf(&b, `<circle cx="%.2f" cy="%.2f" r="%g"/>`, off*math.Cos(a), off*math.Sin(a), r)
	}
	b.WriteString("</g>")
	return b.String()
}

func write(name string, data []byte) {
	if err := os.WriteFile(name, data, 0o644); err != nil {
		log.Fatal(err)
	}
}
