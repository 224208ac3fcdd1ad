package renew

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"caconsole/cmd/applicant/paper"
	"caconsole/cmd/applicant/person"
	"caconsole/cmd/applicant/ports"
)

// Options say what to renew and where.
type Options struct {
	Base   string // of the intake API, such as http://localhost:8080
	Ukeys  string // folder with one folder for each Ukey, named by its serial number
	Serial string
	Out    string // where the statement and the new certificates go
	Ports  string // ports.json; "" means the one beside Ukeys
	Years  int    // how long to renew for
	Poll   time.Duration
	Now    func() time.Time
	Log    *slog.Logger
	// Painter draws the papers.
	Painter *paper.Painter
}

// robot is one renewal under way.
type robot struct {
	opt    Options
	api    *api
	ports  ports.Map
	ukey   *ukey
	agent  person.Person
	legal  person.Person
	seed   uint64
	order  order
	client *http.Client // for the simulators
}

// Run renews the certificate and returns when the Ukey is updated. It returns an error that wraps ErrRefused when the
// console will not have it, and ErrTimedOut when ctx's time is up. A second run takes up the order of the first.
func Run(ctx context.Context, o Options) error {
	r, err := newRobot(o)
	if err != nil {
		return err
	}
	steps := []struct {
		name string
		do   func(context.Context) error
	}{
		{"log in", r.logIn},
		{"consent", r.consent},
		{"look up certificate", r.lookUp},
		{"open order", r.open},
		{"hand in papers", r.papers},
		{"identity", r.identity},
		{"pay", r.pay},
		{"wait for staff", r.wait},
		{"update Ukey", r.update},
	}
	for _, s := range steps {
		o.Log.InfoContext(ctx, "step", "name", s.name)
		err := s.do(ctx)
		if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return fmt.Errorf("%s: %w", s.name, ErrTimedOut)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	o.Log.InfoContext(ctx, "renewed", "order", r.order.No, "out", o.Out)
	return nil
}

func newRobot(o Options) (*robot, error) {
	if o.Ports == "" {
		o.Ports = filepath.Join(filepath.Dir(filepath.Clean(o.Ukeys)), "ports.json")
	}
	if o.Poll <= 0 {
		o.Poll = time.Second
	}
	list, err := ports.Read(o.Ports)
	if err != nil {
		return nil, err
	}
	if list.Get(ports.SMS) == "" {
		return nil, fmt.Errorf("%s names no SMS simulator to read login codes from", o.Ports)
	}
	key, err := readUkey(filepath.Join(o.Ukeys, o.Serial))
	if err != nil {
		return nil, err
	}
	if o.Out != "" {
		if err := os.MkdirAll(o.Out, 0o750); err != nil {
			return nil, fmt.Errorf("make output folder: %w", err)
		}
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(strings.ToLower(o.Serial))) // never fails (hash.Hash)
	seed := h.Sum64()
	client := &http.Client{Timeout: 30 * time.Second}
	return &robot{
		opt: o, ports: list, ukey: key, seed: seed, client: client,
		api:   &api{base: strings.TrimRight(o.Base, "/") + "/api/v1", http: client, log: o.Log},
		agent: person.New(seed), legal: person.New(seed + 1),
	}, nil
}

// save writes a result file, if a folder for results was given.
func (r *robot) save(name string, raw []byte) error {
	if r.opt.Out == "" {
		return nil
	}
	if err := os.WriteFile(filepath.Join(r.opt.Out, name), raw, 0o600); err != nil {
		return fmt.Errorf("save %s: %w", name, err)
	}
	return nil
}

// refuse is a refusal found by the robot itself.
func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrRefused, fmt.Sprintf(format, args...))
}
