package vendors

import (
	"encoding/json"
	"log/slog"
	"net/http"

	"caconsole/cmd/applicant/outbox"
	"caconsole/cmd/applicant/vendors/nuonuo"
	"caconsole/cmd/applicant/vendors/till"
	"caconsole/cmd/applicant/vendors/trouble"
)

// control is what tests use to look at the simulators and to upset them (package till has the payers' part):
//
//	GET    /_sim/messages?channel=sms&to=13800001234&template=login_code   messages, oldest first; every filter may be left out
//	GET    /_sim/invoices?order_no=                                        invoices, blue and red, by our number
//	GET    /_sim/counts                                                    what each vendor has counted, and the faults that struck
//	POST   /_sim/faults {"vendor":"wechat","kind":"duplicate","rate":0.02} what goes wrong with a vendor, see package trouble
//	GET    /_sim/faults                                                    the faults that may still strike
//	POST   /_sim/troubles {"call":"SendSms","kind":"down","times":2}       what goes wrong with the next calls of one kind
//	DELETE /_sim/faults, /_sim/troubles                                    nothing goes wrong any more
type control struct {
	box      *outbox.Box
	counters []till.Counter
	invoices *nuonuo.Platform
	troubles *trouble.List
	log      *slog.Logger
}

func (c control) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /_sim/messages", c.messages)
	mux.HandleFunc("GET /_sim/invoices", c.bills)
	mux.HandleFunc("GET /_sim/counts", c.counts)
	mux.HandleFunc("GET /_sim/faults", func(w http.ResponseWriter, r *http.Request) {
		c.write(w, r, append([]trouble.Fault{}, c.troubles.Faults()...))
	})
	mux.HandleFunc("POST /_sim/faults", func(w http.ResponseWriter, r *http.Request) { take(w, r, c.troubles.Order) })
	mux.HandleFunc("POST /_sim/troubles", func(w http.ResponseWriter, r *http.Request) { take(w, r, c.troubles.Add) })
	for _, path := range []string{"DELETE /_sim/faults", "DELETE /_sim/troubles"} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			c.troubles.Clear()
			w.WriteHeader(http.StatusNoContent)
		})
	}
}

// take reads an order for something to go wrong.
func take[T any](w http.ResponseWriter, r *http.Request, add func(T) error) {
	var order T
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<14)).Decode(&order); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := add(order); err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// counts is what the vendors know, so that a test can compare it with what the console believes.
func (c control) counts(w http.ResponseWriter, r *http.Request) {
	all, err := c.box.List()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	messages := map[string]map[string]int{outbox.SMS: {}, outbox.Mail: {}} // channel → template → number
	for _, m := range all {
		messages[m.Channel][m.Template]++
	}
	out := map[string]any{"messages": messages, "invoice": c.invoices.Counts(), "faults": c.troubles.Struck()}
	for _, counter := range c.counters {
		out[counter.Name] = till.Count(counter.Vendor.Bills())
	}
	c.write(w, r, out)
}

func (c control) bills(w http.ResponseWriter, r *http.Request) {
	c.write(w, r, c.invoices.Bills(r.URL.Query().Get("order_no")))
}

func (c control) write(w http.ResponseWriter, r *http.Request, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		c.log.WarnContext(r.Context(), "answer not sent", "error", err)
	}
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
	c.write(w, r, out)
}
