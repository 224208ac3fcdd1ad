package vendors

import (
	"encoding/json"
	"log/slog"
	"net/http"

	"caconsole/cmd/applicant/outbox"
	"caconsole/cmd/applicant/vendors/trouble"
)

// control is what tests use to look at the simulators and to upset them:
//
//	GET    /_sim/messages?channel=sms&to=13800001234&template=login_code   messages, oldest first; every filter may be left out
//	POST   /_sim/troubles {"call":"SendSms","kind":"down","times":2}       what goes wrong with the next calls
//	DELETE /_sim/troubles                                                  nothing goes wrong any more
type control struct {
	box      *outbox.Box
	troubles *trouble.List
	log      *slog.Logger
}

func (c control) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /_sim/messages", c.messages)
	mux.HandleFunc("POST /_sim/troubles", c.order)
	mux.HandleFunc("DELETE /_sim/troubles", func(w http.ResponseWriter, _ *http.Request) {
		c.troubles.Clear()
		w.WriteHeader(http.StatusNoContent)
	})
}

func (c control) messages(w http.ResponseWriter, r *http.Request) {
	all, err := c.box.List()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	q := r.URL.Query()
	fits := func(key, value string) bool { return !q.Has(key) || q.Get(key) == value }
	out := []outbox.Message{}
	for _, m := range all {
		if fits("channel", m.Channel) && fits("to", m.To) && fits("template", m.Template) {
			out = append(out, m)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(out); err != nil {
		c.log.WarnContext(r.Context(), "messages not sent", "error", err)
	}
}

func (c control) order(w http.ResponseWriter, r *http.Request) {
	var t trouble.Trouble
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<14)).Decode(&t); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := c.troubles.Add(t); err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
