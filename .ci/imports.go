//go:build ignore

// Imports turns .ci/imports.tsv, the table of which package may import what, into depguard's rules in .golangci.yml
// and into the package table of README.md, between the marks that stand there. With --check it changes nothing and
// fails if something would change. It fails, too, where a package has no row or a row no package.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const module = "caconsole"

// row is a package with its subtree, or a library.
type row struct {
	path, layer string
	may         []string // packages, layers resolved; for a library: the packages that may import it
	words       string   // may as it is written
	holds       string
}

func main() {
	if err := run(len(os.Args) > 1 && os.Args[1] == "--check"); err != nil {
		fmt.Fprintln(os.Stderr, "imports:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	packages, libraries, err := read(".ci/imports.tsv")
	if err != nil {
		return err
	}
	if err := complete(packages); err != nil {
		return err
	}
	return errors.Join(
		replace(".golangci.yml", "        # BEGIN generated\n", "        # END generated\n", rules(packages, libraries), check),
		replace("README.md", "<!-- packages: begin -->\n", "<!-- packages: end -->\n", table(packages), check),
	)
}

func read(file string) (packages, libraries []row, err error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	lines := bufio.NewScanner(bytes.NewReader(raw))
	for n := 1; lines.Scan(); n++ {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		cell := strings.Split(lines.Text(), "\t")
		if len(cell) != 4 {
			return nil, nil, fmt.Errorf("%s:%d: %d columns instead of 4", file, n, len(cell))
		}
		if cell[0] == "library" {
			libraries = append(libraries, row{path: cell[1], may: strings.Fields(cell[2]), holds: cell[3]})
			continue
		}
		packages = append(packages, row{path: cell[0], layer: cell[1], words: cell[2], holds: cell[3]})
	}
	for i, r := range packages {
		for _, word := range strings.Fields(strings.TrimPrefix(r.words, "-")) {
			found := false
			for _, p := range packages {
				if p.layer == word || p.path == word {
					packages[i].may, found = append(packages[i].may, p.path), true
				}
			}
			if !found {
				return nil, nil, fmt.Errorf("%s: %s may import %s, which is neither a layer nor a package", file, r.path, word)
			}
		}
	}
	return packages, libraries, nil
}

// complete compares the rows with the folders that hold Go files.
func complete(packages []row) error {
	used := map[string]bool{}
	var missing []error
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "testdata" || path == "var") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		r := longest(packages, filepath.ToSlash(filepath.Dir(path)))
		if r == "" {
			missing = append(missing, fmt.Errorf("%s belongs to no row of the table", path))
		}
		used[r] = true
		return nil
	})
	for _, p := range packages {
		if !used[p.path] {
			missing = append(missing, fmt.Errorf("the table has a row for %s, which holds no Go file of its own", p.path))
		}
	}
	return errors.Join(append(missing, err)...)
}

// longest is the row that holds for a folder.
func longest(packages []row, folder string) (best string) {
	for _, p := range packages {
		if within(folder, p.path) && len(p.path) > len(best) {
			best = p.path
		}
	}
	return best
}

func within(folder, parent string) bool {
	return folder == parent || strings.HasPrefix(folder, parent+"/")
}

// rules are depguard's. Its files are globs of absolute paths, its packages prefixes; of allow and deny the longer wins.
func rules(packages, libraries []row) string {
	var b strings.Builder
	var helpers []string // packages that only tests import
	for _, p := range packages {
		if p.layer == "test" {
			helpers = append(helpers, p.path)
		}
		rule(&b, strings.ReplaceAll(p.path, "/", "-"))
		files := []string{glob(p.path)}
		for _, below := range packages {
			if below.path != p.path && within(below.path, p.path) {
				files = append(files, "!"+glob(below.path))
			}
		}
		list(&b, "files", append(files, "!$test"))
		list(&b, "allow", prefixed(append([]string{p.path}, p.may...)))
		deny(&b, module, p.path+" may import its own subtree and: "+p.words)
	}
	rule(&b, "helpers-of-tests")
	files := []string{"$all", "!$test"}
	for _, h := range helpers {
		files = append(files, "!"+glob(h))
	}
	list(&b, "files", files)
	b.WriteString("          deny:\n")
	for _, h := range helpers {
		fmt.Fprintf(&b, "            - { pkg: %s/%s, desc: %q }\n", module, h, "for tests only")
	}
	for _, l := range libraries {
		rule(&b, "library-"+filepath.Base(l.path))
		files := []string{"$all", "!$test"}
		for _, p := range l.may {
			files = append(files, "!"+glob(p))
		}
		list(&b, "files", files)
		deny(&b, l.path, l.holds)
	}
	return b.String()
}

func rule(b *strings.Builder, name string) {
	fmt.Fprintf(b, "        %s:\n          list-mode: lax\n", name)
}

func list(b *strings.Builder, key string, values []string) {
	fmt.Fprintf(b, "          %s: [\"%s\"]\n", key, strings.Join(values, `", "`))
}

func deny(b *strings.Builder, pkg, words string) {
	fmt.Fprintf(b, "          deny: [{ pkg: %q, desc: %q }]\n", pkg, words)
}

func glob(path string) string { return "${config-path}/" + path + "/**" }

// prefixed are import paths, without those below another one: depguard looks at the nearest entry of the sorted list
// only, and would miss the shorter one behind it.
func prefixed(paths []string) (out []string) {
	slices.Sort(paths)
	for _, p := range paths {
		if !slices.ContainsFunc(out, func(above string) bool { return within(module+"/"+p, above) }) {
			out = append(out, module+"/"+p)
		}
	}
	return out
}

// table is the README's.
func table(packages []row) string {
	b := strings.Builder{}
	b.WriteString("| Package | Layer | May import | Holds |\n|---|---|---|---|\n")
	for _, p := range packages {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", p.path, p.layer, strings.ReplaceAll(p.words, "-", "–"), p.holds)
	}
	return b.String()
}

// replace puts text between two marks of a file.
func replace(file, begin, end, text string, check bool) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, rest, ok := strings.Cut(string(raw), begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return fmt.Errorf("%s lacks the marks %q and %q", file, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	now := head + begin + text + end + tail
	if now == string(raw) {
		return nil
	}
	if check {
		return fmt.Errorf("%s does not follow .ci/imports.tsv: run .ci/imports", file)
	}
	return os.WriteFile(file, []byte(now), 0o644)
}
