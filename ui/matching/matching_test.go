package matching

import (
	"testing"

	"caconsole/admin/board"
	"caconsole/ui/page/pagetest"
)

func TestPages(t *testing.T) {
	pagetest.Pages(t, "matching", files, map[string]any{
		"matching/bench": Bench{Tab: board.TabToConfirm, ToMatch: true},
	})
}
