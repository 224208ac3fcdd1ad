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

// The paths of a renewal and the ways to pay for one, as the API spells them.
const (
	PathOnline   = "online"
	PathReviewed = "reviewed"

	PayWeChat   = "wechat"
	PayAlipay   = "alipay"
	PayTransfer = "transfer"
)

// Options say what to renew and where.
type Options struct {
	Base   string // of the intake API, such as http://localhost:8080
	Ukeys  string // folder with one folder for each Ukey, named by its serial number
	Serial string
	Path   string // the path to walk; a certificate on the other one is refused. "" is whichever the certificate takes
	Pay    string // how to pay; "" is WeChat on the online path and a transfer on the reviewed one
	Out    string // where the statement and the new certificates go; "" keeps nothing
	Ports  string // ports.json; "" means the one beside Ukeys
	Years  int    // how long to renew for
	Poll   time.Duration
	Now    func() time.Time
	Log    *slog.Logger
	// Painter draws the papers.
	Painter *paper.Painter
	// Faults is what is wrong with the papers as they are first handed in.
	Faults paper.Faults
	// Transport carries all requests; nil is http.DefaultTransport.
	Transport http.RoundTripper
	// Observe is told of every request to the intake API that ended; nil is nobody.
	Observe func(Call)
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
	etag   string       // of order
	client *http.Client // for the simulators
	rekey  *rekey       // where the project wants a new sign key
	rounds uint64       // how often papers were handed in after 退回补件
}

// Run renews the certificate and returns when the Ukey is updated. It returns an error that wraps ErrRefused when the
// console will not have it, and ErrTimedOut when ctx's time is up. A second run takes up the order of the first.
func Run(ctx context.Context, o Options) error {
	r, err := newRobot(o)
	if err != nil {
		return err
	}
	for _, s := range []step{
		{"log in", r.logIn},
		{"take up an open order", r.resume},
		{"look up certificate", r.lookUp},
		{"open order", r.open},
		{"follow the order", r.follow},
	} {
		if err := s.run(ctx, o.Log); err != nil {
			return err
		}
	}
	o.Log.InfoContext(ctx, "renewed", "order", r.order.No, "out", o.Out)
	return nil
}

// step is one thing an applicant does.
type step struct {
	name string
	do   func(context.Context) error
}

func (s step) run(ctx context.Context, log *slog.Logger) error {
	log.InfoContext(ctx, "step", "name", s.name)
	err := s.do(ctx)
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded) && !errors.Is(err, ErrRefused):
		return fmt.Errorf("%s: %w", s.name, ErrTimedOut)
	}
	return fmt.Errorf("%s: %w", s.name, err)
}

func newRobot(o Options) (*robot, error) {
	o.Serial = strings.ToLower(strings.Join(strings.Fields(o.Serial), "")) // as the folders are named
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
	_, _ = h.Write([]byte(o.Serial)) // never fails (hash.Hash)
	seed := h.Sum64()
	client := &http.Client{Timeout: 30 * time.Second, Transport: o.Transport}
	return &robot{
		opt: o, ports: list, ukey: key, seed: seed, client: client,
		api:   &api{base: strings.TrimRight(o.Base, "/") + "/api/v1", http: client, log: o.Log, now: o.Now, observe: o.Observe},
		agent: person.New(seed), legal: person.New(seed + 1),
	}, nil
}

// save writes a result file, if a folder for results was given. Who watches the folder never sees half a file.
func (r *robot) save(name string, raw []byte) error {
	if r.opt.Out == "" {
		return nil
	}
	tmp, err := os.CreateTemp(r.opt.Out, ".part-*")
	if err != nil {
		return fmt.Errorf("save %s: %w", name, err)
	}
	_, err = tmp.Write(raw)
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(r.opt.Out, name))
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
		return fmt.Errorf("save %s: %w", name, err)
	}
	return nil
}

// refuse is a refusal found by the robot itself.
func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrRefused, fmt.Sprintf(format, args...))
}
