package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/flow"
	"caconsole/admin/job"
	"caconsole/admin/notify"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/cert/certtest"
	"caconsole/issuance/signer"
	"caconsole/issuance/signer/client"
)

// issued is how many orders one run has signed.
const issued = 200

// BenchmarkIssue is a whole durable issuance: an issuer confirms a batch of 50, each order's request is committed, the
// queue has the signer execute it (a process of its own, behind its socket, with fsyncs), pair, audit and message are
// committed. One worker and eight. In the same run the same machine makes the two raw signatures of a pair with as many
// callers, and the signer alone, inside this process, executes the very same instructions.
func BenchmarkIssue(b *testing.B) {
	for _, callers := range []int{1, 8} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			m := newMint(b)
			taken := filepath.Join(b.TempDir(), "casigner")
			require.NoError(b, os.CopyFS(taken, os.DirFS(filepath.Join(m.dir, "casigner"))))
			log := &tape{Client: client.New(m.socket())}
			m.console.Issuance = issuance.New(log, time.Now)
			whole := m.issueAll(b, callers)
			raw := rate(callers, issued, rawPair(b, m.earlier.CA))
			lone := rate(callers, issued, m.alone(b, taken, log.heard))
			b.ReportMetric(whole, "issuances-s")
			b.ReportMetric(raw, "raw-s")
			b.ReportMetric(lone, "signer-s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// tape keeps what the signer is asked.
type tape struct {
	*client.Client
	mu    sync.Mutex
	heard []cert.Instruction
}

func (t *tape) Issue(ctx context.Context, in cert.Instruction) (cert.Issued, error) {
	t.mu.Lock()
	t.heard = append(t.heard, in)
	t.mu.Unlock()
	return t.Client.Issue(ctx, in)
}

// issueAll has all orders confirmed and signed, and returns how many in a second.
func (m *mint) issueAll(b *testing.B, workers int) float64 {
	b.Helper()
	nos := m.approved(issued)
	require.NoError(b, m.show(b.Context(), nos))
	var done atomic.Int64
	ready := make(chan struct{})
	r := job.NewRegistry()
	job.Handle(r, func(ctx context.Context, a flow.IssueArgs) error {
		err := m.console.Issue(ctx, a.RequestID)
		if err == nil && done.Add(1) == issued {
			close(ready)
		}
		return err
	})
	job.Handle(r, func(context.Context, notify.SendArgs) error { return nil })
	jobs, err := job.NewClient(m.console.DB, r, job.Options{Logger: slog.New(slog.DiscardHandler), Workers: workers})
	require.NoError(b, err)
	m.console.Jobs = jobs
	require.NoError(b, jobs.Start(b.Context()))
	b.Cleanup(func() { _ = jobs.Stop(context.Background()) })
	by := actor.Actor{Kind: actor.Staff, ID: uuid.MustParse(m.issuer.StaffID), AllProjects: true}

	start := time.Now()
	for i := 0; i < issued; i += flow.MaxBatch {
		require.NoError(b, m.console.confirm(b.Context(), by, m.issuer.Key, nos[i:i+flow.MaxBatch]))
	}
	select {
	case <-ready:
	case <-time.After(patience):
		b.Fatalf("%d of %d", done.Load(), issued)
	}
	return issued / time.Since(start).Seconds()
}

// rawPair signs the two certificates of a pair, and nothing else.
func rawPair(b *testing.B, ca cert.Issuer) func(int) error {
	b.Helper()
	now := time.Now().Truncate(time.Second)
	h := certtest.NewHolder(b, ca, "中测试核电有限公司", now)
	prepared, err := cert.Prepare(ca.Cert, cert.Spec{
		Profile: cert.OrganisationProfile("http://localhost:8080"), Subject: h.Old.Sign.RawSubject, Copied: true, Identity: certtest.OrganisationCode,
		NotBefore: now, NotAfter: now.AddDate(1, 0, 0), SignKey: &h.SignKey.PublicKey, EncKey: &h.EncKey.PublicKey,
		SignSerial: cert.SerialFromInt(h.Old.Sign.SerialNumber), EncSerial: cert.SerialFromInt(h.Old.Enc.SerialNumber),
	})
	require.NoError(b, err)
	return func(int) error { _, err := prepared.Sign(nil, ca); return err }
}

// alone executes instructions at a signer without console and socket.
func (m *mint) alone(b *testing.B, dir string, heard []cert.Instruction) func(int) error {
	b.Helper()
	e, err := signer.Open(signer.Options{Dir: dir, Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(b, err)
	b.Cleanup(func() { _ = e.Shutdown() })
	for _, s := range m.shares {
		_, err := e.GiveShare(b.Context(), s)
		require.NoError(b, err)
	}
	return func(i int) error { _, err := e.Issue(b.Context(), heard[i]); return err }
}

// rate does something n times by several callers and returns how often in a second.
func rate(callers, n int, do func(int) error) float64 {
	var next atomic.Int64
	var all sync.WaitGroup
	runtime.GC()
	start := time.Now()
	for range callers {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := do(i); err != nil {
					panic(err)
				}
			}
		})
	}
	all.Wait()
	return float64(n) / time.Since(start).Seconds()
}
