package statements

import (
	"testing"

	"caconsole/ui/page/pagetest"
)

func TestPages(t *testing.T) {
	pagetest.Pages(t, "statements", files, map[string]any{
		"statements/list": List{},
		"statements/show": Show{},
	})
}
