package load

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"caconsole/cmd/applicant/paper"
	"caconsole/cmd/applicant/renew"
)

// Options say how many renewals of what kind begin how fast.
type Options struct {
	Base    string // of the console's public app
	Ukeys   string // folder of Ukeys
	List    string // of certificates; "" is certificates.tsv beside Ukeys
	Ports   string // ports.json; "" is the one beside Ukeys
	Out     string // a folder for each renewal; certificates renewed there before are left alone
	Orders  int
	Rate    float64        // orders begun a second
	AtOnce  int            // how many are under way at most; 0 is any number
	Online  float64        // share of the online path, from 0 to 1
	Pay     map[string]int // weights of wechat, alipay, transfer
	Bad     float64        // share of the reviewed path whose papers are handed in pale at first
	Timeout time.Duration  // of one renewal
	Poll    time.Duration  // how often an applicant asks
	Seed    uint64
	Painter *paper.Painter
	Now     func() time.Time
	Log     *slog.Logger
	Robots  *slog.Logger // takes the applicants' own log

	renew func(context.Context, renew.Options) error // nil is renew.Run
}

// Run begins the renewals and waits until each has ended. When ctx ends it reports what there is.
func Run(ctx context.Context, o Options) (Report, error) {
	if o.List == "" {
		o.List = filepath.Join(filepath.Dir(filepath.Clean(o.Ukeys)), "certificates.tsv")
	}
	if o.Out == "" {
		o.Out = filepath.Join(filepath.Dir(filepath.Clean(o.Ukeys)), "load")
	}
	stock, err := readStock(o.List, o.Out)
	if err != nil {
		return Report{}, err
	}
	jobs, spares, err := plan(stock, o)
	if err != nil {
		return Report{}, err
	}
	if o.renew == nil {
		o.renew = renew.Run
	}
	if err := os.MkdirAll(o.Out, 0o750); err != nil {
		return Report{}, err
	}
	b := newBook(o, spares)
	stop := b.tell(ctx)
	defer stop()
	var under sync.WaitGroup
	places := newPlaces(o.AtOnce)
	began := o.Now()
	for i, j := range jobs {
		due := began.Add(time.Duration(float64(i) / o.Rate * float64(time.Second)))
		if !waitUntil(ctx, o.Now, due) || !places.take(ctx) {
			break
		}
		b.start(o.Now().Sub(due))
		under.Go(func() {
			defer places.leave()
			b.end(j, renewOne(ctx, o, i, j, b))
		})
	}
	under.Wait()
	return b.report(o.Now().Sub(began)), nil
}

// waitUntil waits for a time and reports whether it came before ctx ended.
func waitUntil(ctx context.Context, now func() time.Time, due time.Time) bool {
	t := time.NewTimer(due.Sub(now()))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// places bound how many renewals are under way; nil bounds nothing.
type places chan struct{}

func newPlaces(n int) places {
	if n == 0 {
		return nil
	}
	return make(places, n)
}

// take waits for a place and reports whether there was one before ctx ended.
func (p places) take(ctx context.Context) bool {
	if p == nil {
		return true
	}
	select {
	case p <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (p places) leave() {
	if p != nil {
		<-p
	}
}

// outcome is how one renewal ended.
type outcome struct {
	took time.Duration
	err  error
}

// spent are the problem codes of a certificate that somebody else renews or has renewed.
var spent = map[string]bool{"superseded": true, "already_renewed": true, "renewal_open": true}

// renewOne renews a certificate; one that is spent is replaced by a spare one.
func renewOne(ctx context.Context, o Options, number int, j job, b *book) outcome {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	for {
		began := o.Now()
		faults := paper.Faults{PaleStamp: j.bad}
		err := o.renew(ctx, renew.Options{
			Base: o.Base, Ukeys: o.Ukeys, Serial: j.serial, Path: j.path, Pay: j.pay, Out: filepath.Join(o.Out, j.serial), Ports: o.Ports,
			Years: 1, Poll: o.Poll, Now: o.Now, Log: o.Robots.With("serial", j.serial), Painter: o.Painter, Faults: faults,
			Transport: b.lines.of(number), Observe: b.call,
		})
		took := o.Now().Sub(began)
		var p *renew.Problem
		if errors.As(err, &p) && spent[p.Code] {
			if c, ok := b.spare(j.path); ok {
				o.Log.InfoContext(ctx, "taking another certificate", "spent", j.serial, "code", p.Code, "serial", c.serial)
				j.certificate = c
				continue
			}
		}
		if err != nil {
			o.Log.WarnContext(ctx, "not renewed", "serial", j.serial, "path", j.path, "pay", j.pay, "after", took, "error", err)
		}
		return outcome{took, err}
	}
}
