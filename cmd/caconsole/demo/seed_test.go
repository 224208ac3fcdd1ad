package demo

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"caconsole/admin/audit"
	"caconsole/admin/calendar"
	"caconsole/admin/pg/pgtest"
	"caconsole/admin/seal"
	"caconsole/cmd/applicant/outbox"
	"caconsole/cmd/applicant/paper"
	"caconsole/cmd/applicant/person"
	"caconsole/cmd/applicant/vendors/alipay"
	"caconsole/cmd/applicant/vendors/till"
	"caconsole/cmd/applicant/vendors/wechat"
	"caconsole/cmd/caconsole/app"
	"caconsole/cmd/caconsole/demo/history"
	"caconsole/issuance/signer"
	"caconsole/reconcile/format"
)

// dauber draws a small patch instead of a paper, another one for each seed.
type dauber struct{}

func daub(seed uint64) ([]byte, error) {
	img := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for i := range 64 {
		img.Set(i, int(seed%48), color.RGBA{byte(seed), byte(seed >> 8), byte(seed >> 16), 255})
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 100})
	return b.Bytes(), err
}

func (dauber) LicenceCopy(l paper.Licence) ([]byte, error) { return daub(l.Seed) }
func (dauber) ScanForm(_ context.Context, pdf []byte, f paper.Form) (scan []byte, mediaType string, err error) {
	scan, err = daub(f.Seed*31 + uint64(len(pdf)))
	return scan, "image/jpeg", err
}
func (dauber) Remittance(v paper.Voucher) ([]byte, error)             { return daub(v.Seed * 37) }
func (dauber) CardFront(_ person.Person, seed uint64) ([]byte, error) { return daub(seed) }
func (dauber) CardBack(_ person.Person, _ time.Time, seed uint64) ([]byte, error) {
	return daub(seed + 1)
}
func (dauber) Face(seed uint64) ([]byte, error)             { return daub(seed + 2) }
func (dauber) InvoiceSheet(v paper.Invoice) ([]byte, error) { return daub(uint64(v.ExTaxFen)) }

// Whenever a demo is started, its past leads every order where it was meant to go, and all proofs of it hold.
func TestPastEndsWhereItShould(t *testing.T) {
	for name, c := range map[string]struct {
		present time.Time
		orders  int
	}{
		"a Tuesday afternoon": {time.Date(2026, 11, 24, 14, 20, 0, 0, calendar.Beijing), 36},
		"a Sunday night":      {time.Date(2026, 11, 22, 3, 30, 0, 0, calendar.Beijing), 14},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			d, past := newPast(t, c.present, c.orders, &log)
			require.NoError(t, d.populate(t.Context(), past))
			require.NotContains(t, log.String(), "ended elsewhere", "%s", &log)

			checkpoints, err := past.House.Ring.CheckpointKey()
			require.NoError(t, err)
			report, err := audit.New(past.House.DB, checkpoints, d.Now).Verify(t.Context())
			require.NoError(t, err)
			require.True(t, report.OK(), "%v", report.Problems)
			require.Zero(t, report.Pending)
			_, err = signer.Verify(d.path("ca"), nil)
			require.NoError(t, err)
			leftToImport(t, d.file("statements"))
			if c.orders > 30 {
				knownOutside(t, d)
			}
		})
	}
}

func newPast(t *testing.T, present time.Time, orders int, log io.Writer) (*demo, history.Options) {
	t.Helper()
	dsn, _, read := pgtest.NewDSN(t)
	keys, err := seal.NewKeys()
	require.NoError(t, err)
	data := t.TempDir()
	d := &demo{
		Options: Options{
			Data: data, Listen: "127.0.0.1:8080", Orders: orders, Certificates: 2, Out: io.Discard,
			Now: func() time.Time { return present },
		},
		folder: folder(data), keyRounds: 1000, log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	require.NoError(t, os.Mkdir(d.file(), 0o700))
	clock := history.NewClock(present.AddDate(0, -houseMonths, 0))
	h, err := app.Store{Data: data, DatabaseURL: dsn, ReadURL: read, SealKeys: seal.Secret(keys)}.Open(t.Context(), clock.Now, d.log)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.Close()) })
	box, err := outbox.Open(d.path("outbox"))
	require.NoError(t, err)
	return d, d.past(h, clock, dauber{}, box)
}

// leftToImport checks that what is left for finance to import reads as whole statements of ten banks.
func leftToImport(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.Len(t, files, 10)
	kinds := map[format.Kind]int{}
	for _, file := range files {
		body, err := os.ReadFile(file)
		require.NoError(t, err)
		s, err := format.Parse(body)
		require.NoError(t, err)
		require.Empty(t, s.Rejected)
		require.Greater(t, len(s.Lines), 2)
		require.True(t, *s.ChainOK)
		for _, l := range s.Lines {
			kinds[l.Kind]++
		}
	}
	for _, kind := range []format.Kind{format.Transfer, format.Fee, format.Interest, format.Return, format.Reversal} {
		require.Positive(t, kinds[kind], kind)
	}
}

// knownOutside checks that the simulators, started on what the past left them, know its codes, payments and invoices.
func knownOutside(t *testing.T, d *demo) {
	t.Helper()
	state := d.path("vendors")
	w, err := wechat.New(wechat.Options{State: filepath.Join(state, "wechat"), APIv3Key: make([]byte, 32), Now: d.Now})
	require.NoError(t, err)
	a, err := alipay.New(alipay.Options{State: filepath.Join(state, "alipay"), Now: d.Now})
	require.NoError(t, err)
	bills := append(w.Bills(), a.Bills()...)
	states, back := map[string]int{}, 0
	for _, b := range bills {
		states[b.State]++
		require.NotEmpty(t, b.Code)
		require.True(t, b.Told || b.State != till.Paid, "%s: its notice came", b.OutTradeNo)
		for _, f := range b.Refunds {
			require.True(t, f.Done)
			back++
		}
	}
	for _, state := range []string{till.Open, till.Closed, till.Paid} {
		require.Positive(t, states[state], state)
	}
	require.GreaterOrEqual(t, back, 3, "one taken back, one too late, one paid twice")
	invoices, err := filepath.Glob(filepath.Join(state, "nuonuo", "*.json"))
	require.NoError(t, err)
	require.Greater(t, len(invoices), 10)
	red, err := filepath.Glob(filepath.Join(state, "nuonuo", "red", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, red)
}
