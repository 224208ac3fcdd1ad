package nuonuo

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"caconsole/cmd/applicant/vendors/shelf"
)

// Bill is an invoice as tests see it.
type Bill struct {
	OrderNo  string `json:"order_no"` // the customer's own number
	Red      bool   `json:"red"`
	BillID   string `json:"bill_id,omitempty"` // of a red one: the number of its form
	Status   string `json:"status"`            // in the platform's codes: 2 done, 20 under way, 22 failed
	Number   string `json:"number"`
	TotalFen int64  `json:"total_fen"` // with tax; negative if red
	Buyer    string `json:"buyer"`
	Told     bool   `json:"told"` // the customer has taken the callback
}

// Bills returns the invoices, oldest first; of one order number unless that is empty.
func (p *Platform) Bills(orderNo string) []Bill {
	p.settle()
	all := p.invoices.All()
	slices.SortFunc(all, func(a, b invoice) int { return a.At.Compare(b.At) })
	out := []Bill{}
	for _, v := range all {
		if orderNo == "" || orderNo == v.Order.OrderNo {
			out = append(out, Bill{
				v.Order.OrderNo, v.Red != "", v.Red, v.status(p.opt.Now()), v.Number, v.ExTaxFen + v.TaxFen, v.Order.BuyerName, v.Told,
			})
		}
	}
	return out
}

// Counts sums up the invoices that are issued.
type Counts struct {
	Blue    int   `json:"blue"`
	BlueFen int64 `json:"blue_fen"`
	Red     int   `json:"red"`
	RedFen  int64 `json:"red_fen"` // negative
}

// Counts sums up.
func (p *Platform) Counts() (c Counts) {
	for _, b := range p.Bills("") {
		switch {
		case b.Status != statusDone:
		case b.Red:
			c.Red++
			c.RedFen += b.TotalFen
		default:
			c.Blue++
			c.BlueFen += b.TotalFen
		}
	}
	return c
}

var (
	errState = errors.New("unknown state")
	errEnded = errors.New("the form has ended")
)

// Decide gives a form that is not at its end a state, as its buyer or the bureau would: 04 confirmed, 05 denied, 07 timed
// out, 16 failed, 02 waiting.
func (p *Platform) Decide(billID, state string) error {
	if !slices.Contains([]string{formNotNeeded, formWaiting, formConfirmed, formDenied, formTimedOut, formFailed}, state) {
		return fmt.Errorf("%w %q", errState, state)
	}
	now := p.opt.Now()
	_, err := p.forms.Update(billID, func(f *form) error {
		if s := f.status(now); s != formWaiting && s != formApplying {
			return fmt.Errorf("%w in %s", errEnded, s)
		}
		*f = f.decide(state, now)
		return nil
	})
	p.settle()
	return err
}

// decide serves POST /_sim/invoice/red {"bill_id": …, "status": "04"}.
func (p *Platform) decide(w http.ResponseWriter, r *http.Request) {
	var in struct {
		BillID string `json:"bill_id"`
		Status string `json:"status"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<14)).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	err := p.Decide(strings.TrimSpace(in.BillID), in.Status)
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, shelf.ErrMissing):
		http.Error(w, err.Error(), http.StatusNotFound)
	case errors.Is(err, errState), errors.Is(err, errEnded):
		http.Error(w, err.Error(), http.StatusConflict)
	default:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}
