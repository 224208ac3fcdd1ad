package ui_test

import (
	"strconv"
	"time"

	"caconsole/issuance"
	"caconsole/ui/page"
	"caconsole/ui/page/pagetest"
	"caconsole/ui/watch"
)

// watchScreens are the signer as it signs, as it waits, and as it disagrees.
func watchScreens() []screen {
	const path = "/signer"
	return []screen{
		{name: "signer", path: path, template: "watch/watch", data: func(w words) any { return watchPage(w, page.OK, w("watch.open", nil), "", 0) }},
		{name: "signer-locked", path: path, template: "watch/watch", data: func(w words) any {
			args := map[string]any{"given": 1, "needed": 2, "who": "officer1", "since": "10:24:03"}
			return watchPage(w, page.Bad, w("watch.locked", args), w("watch.locked.text", args), 0)
		}},
		{name: "signer-disagrees", path: path, template: "watch/watch", data: func(w words) any {
			return watchPage(w, page.Bad, w("watch.silent", nil), w("watch.silent.text", nil), 40)
		}},
	}
}

func watchPage(w words, tone, title, text string, n int) watch.Screen {
	s := watch.Screen{
		State: page.Banner{Tone: tone, Title: title, Text: text}, Empty: page.Empty{Title: w("watch.empty", nil), Text: w("watch.empty.text", nil)},
		Check: w("watch.check.done", map[string]any{"at": "2026-11-22 02:00:41"}), More: n > 20,
		Counts: w("watch.counts", map[string]any{"records": 182034, "issued": 60211, "recorded": 60210, "open": 1, "closed": 12, "revoked": 310, "lists": 401}),
	}
	kinds := []string{issuance.FindingCertificate, issuance.FindingHead, issuance.FindingNotListed, issuance.FindingIntentUnknown}
	for i := range n {
		tone := page.Bad
		if i > 30 {
			tone = page.Closed
		}
		s.Lines = append(s.Lines, watch.Line{
			Status: page.Status{Tone: tone, Word: w("watch."+kinds[i%len(kinds)], nil)}, Subject: "0193a0a0-0000-7000-8000-0000000" + strconv.Itoa(10000+i),
			Detail: "record " + strconv.Itoa(181000+i) + " executed 3b1fd0c2…, asked was 77aa01ce…", FoundAt: pagetest.Now.Add(-time.Duration(i) * time.Hour), SeenAt: pagetest.Now,
		})
	}
	return s
}
