package tencentsms

import (
	"encoding/json"

	"caconsole/admin/fault"
)

// Name names the vendor in callbacks.
func (s *Sender) Name() string { return "tencent" }

// maxReports is how many messages one status notification may name.
const maxReports = 200

// Reported reads a status notification, a list of {"sid", …}. Nobody signs it, so only the references are taken.
func (s *Sender) Reported(body []byte) ([]string, error) {
	var notes []struct {
		Serial string `json:"sid"`
	}
	if err := json.Unmarshal(body, &notes); err != nil {
		return nil, &fault.Error{Kind: fault.Invalid, Key: "callback_unreadable", Cause: err}
	}
	var refs []string
	for _, n := range notes[:min(len(notes), maxReports)] {
		if n.Serial != "" {
			refs = append(refs, n.Serial)
		}
	}
	return refs, nil
}
