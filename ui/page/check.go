package page

import (
	"errors"
	"fmt"
	"html/template"
	"regexp"
	"strings"
	"text/template/parse"
)

// check walks a parsed page and refuses what would only be seen on the screen: a sentence that is not in the
// catalogue, an icon that is not in the sprite.
func (r *renderer) check(t *template.Template) error {
	var errs []error
	for _, d := range t.Templates() {
		if d.Tree == nil {
			continue
		}
		walk(d.Tree.Root, func(cmd *parse.CommandNode) {
			if len(cmd.Args) < 2 {
				return
			}
			fn, ok := cmd.Args[0].(*parse.IdentifierNode)
			arg, lit := cmd.Args[1].(*parse.StringNode)
			if !ok || !lit {
				return
			}
			if fn.Ident == "t" && !r.catalogue.Has(arg.Text) {
				errs = append(errs, fmt.Errorf("%s: no sentence %q in the catalogue", d.Name(), arg.Text))
			}
			if fn.Ident == "icon" && !r.assets.HasIcon(arg.Text) {
				errs = append(errs, fmt.Errorf("%s: no icon %q in the sprite", d.Name(), arg.Text))
			}
		})
	}
	return errors.Join(errs...)
}

// walk calls visit for every command of a tree.
func walk(n parse.Node, visit func(*parse.CommandNode)) {
	switch x := n.(type) {
	case *parse.ListNode:
		if x != nil {
			for _, c := range x.Nodes {
				walk(c, visit)
			}
		}
	case *parse.ActionNode:
		walk(x.Pipe, visit)
	case *parse.PipeNode:
		if x != nil {
			for _, c := range x.Cmds {
				walk(c, visit)
			}
		}
	case *parse.CommandNode:
		visit(x)
		for _, a := range x.Args {
			walk(a, visit)
		}
	case *parse.IfNode:
		walkBranch(&x.BranchNode, visit)
	case *parse.RangeNode:
		walkBranch(&x.BranchNode, visit)
	case *parse.WithNode:
		walkBranch(&x.BranchNode, visit)
	case *parse.TemplateNode:
		walk(x.Pipe, visit)
	}
}

func walkBranch(b *parse.BranchNode, visit func(*parse.CommandNode)) {
	walk(b.Pipe, visit)
	walk(b.List, visit)
	walk(b.ElseList, visit)
}

// Inline lists what the content policy forbids in a template's source: inline styles and scripts, event attributes,
// and the parts of htmx that need eval. Every area's test asks for it.
func Inline(source string) []string {
	var found []string
	lower := strings.ToLower(source)
	for _, m := range inlinePattern.FindAllString(lower, -1) {
		found = append(found, strings.TrimSpace(m))
	}
	return found
}

var inlinePattern = regexp.MustCompile(`\sstyle=|\son[a-z]+=|<style|<script(?:[^>]*>[^<])|hx-on|(?:hx-[a-z-]+="js:)|hx-trigger="[^"]*\[|javascript:`)
