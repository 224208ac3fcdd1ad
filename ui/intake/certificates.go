package intake

import (
	"net/http"
	"time"

	"caconsole/admin/flow"
	"caconsole/admin/money"
)

type certificateAnswer struct {
	Eligible bool        `json:"eligible"`
	Serial   string      `json:"serial,omitempty"`
	MediumNo string      `json:"medium_no,omitempty"`
	Holder   string      `json:"holder,omitempty"`
	NotAfter *time.Time  `json:"not_after,omitempty"`
	Path     string      `json:"path,omitempty"`
	Prices   []yearPrice `json:"prices,omitempty"`
	// ConsentMissing lists the agreements without which no more is told.
	ConsentMissing []string `json:"consent_missing,omitempty"`
}

type yearPrice struct {
	Years     int       `json:"years"`
	AmountFen money.Fen `json:"amount_fen"`
}

func getCertificate(c *call) error {
	found, err := c.s.flow.LookUpCertificate(c.UserContext(), c.actor, c.param("serial"))
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, certificateOf(found))
}

func certificateOf(found flow.Found) certificateAnswer {
	out := certificateAnswer{Eligible: found.Eligible}
	if len(found.ConsentMissing) > 0 {
		for _, m := range found.ConsentMissing {
			out.ConsentMissing = append(out.ConsentMissing, m.Code)
		}
		return out
	}
	out.Serial, out.MediumNo, out.Holder, out.NotAfter, out.Path = found.Serial, found.MediumNo, found.Holder, &found.NotAfter, string(found.Path)
	for _, p := range found.Prices {
		out.Prices = append(out.Prices, yearPrice{p.Years, p.AmountFen})
	}
	return out
}
