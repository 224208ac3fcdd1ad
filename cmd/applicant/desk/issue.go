package desk

import (
	"context"
	"net/http"
)

// issue confirms what was approved, as many orders at once as the console takes. When a batch is refused, smaller ones
// are tried, until the order that spoils it stands alone and is put off.
func issue(ctx context.Context, c *clerk) (bool, error) {
	const confirm = "/issuance/confirm"
	p, err := c.open(ctx, "/issuance")
	if err != nil {
		return false, err
	}
	f := p.form(confirm)
	if f == nil {
		return false, nil
	}
	var batch []string
	for _, no := range f.boxes("orders") {
		if !c.isPutOff(no) && len(batch) < largestBatch && (c.together == 0 || len(batch) < c.together) {
			batch = append(batch, no)
		}
	}
	if len(batch) == 0 {
		return false, nil
	}
	done := false
	c.house.begin()
	defer c.house.end(&done)
	f.values["orders"] = batch
	if p, err = c.send(ctx, f, confirm); err != nil {
		return false, err
	}
	if p.status == http.StatusOK {
		c.log.InfoContext(ctx, "confirmed for signing", "orders", batch)
		c.house.count(func(t *Tally) { t.Issued += len(batch) })
		c.together, done = 0, true
		return true, nil
	}
	c.log.InfoContext(ctx, "batch not taken", "orders", len(batch), "status", p.status, "said", p.said())
	if len(batch) == 1 {
		c.putOff(batch[0])
	}
	c.together = max(len(batch)/2, 1)
	return true, nil
}

// largestBatch is how many orders one signature confirms.
const largestBatch = 50
