package signer_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/issuance/cert"
	"caconsole/issuance/signer"
	"caconsole/issuance/signer/signertest"
)

// BenchmarkIssue is the signer alone, without a socket: whole durable issuances, with their approvals, one caller and
// eight. fsyncs/op says how many of them shared an fsync; two would be each for itself.
func BenchmarkIssue(b *testing.B) {
	for _, callers := range []int{1, 8} {
		b.Run(fmt.Sprintf("%d", callers), func(b *testing.B) {
			bench := signertest.New(b, now)
			e := bench.Open(b, clock)
			instructions := make([]cert.Instruction, b.N)
			for i := range instructions {
				instructions[i] = newRenewal(b, bench).instruction
			}
			before := e.Syncs()
			b.ResetTimer()
			share(b, callers, func(i int) {
				if _, err := e.Issue(b.Context(), instructions[i]); err != nil {
					b.Error(err)
				}
			})
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "issuances/s")
			b.ReportMetric(float64(e.Syncs()-before)/float64(b.N), "fsyncs/op")
		})
	}
}

// BenchmarkSignTwice is the rate to compare with: the two signatures and encodings of a pair, and nothing else.
func BenchmarkSignTwice(b *testing.B) {
	bench := signertest.New(b, now)
	holder := bench.Holder(b, "中测试核电有限公司", now)
	spec := cert.Spec{
		Profile: bench.Profile, Subject: holder.Old.Sign.RawSubject, Copied: true, Identity: "91440300MA5DA0000F",
		NotBefore: now, NotAfter: now.AddDate(1, 0, 0), SignKey: &holder.SignKey.PublicKey, EncKey: &holder.EncKey.PublicKey,
		SignSerial: cert.SerialFromInt(holder.Old.Sign.SerialNumber), EncSerial: cert.SerialFromInt(holder.Old.Enc.SerialNumber),
	}
	prepared, err := cert.Prepare(bench.Earlier.CA.Cert, spec)
	require.NoError(b, err)
	for b.Loop() {
		if _, err := prepared.Sign(nil, bench.Earlier.CA); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
}

// share has callers do the work n times among them.
func share(b *testing.B, callers int, do func(i int)) {
	b.Helper()
	var next atomic.Int64
	done := make(chan struct{})
	for range callers {
		go func() {
			defer func() { done <- struct{}{} }()
			for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
				do(int(i))
			}
		}()
	}
	for range callers {
		<-done
	}
}

// BenchmarkCRL is one list of 100 000 certificates, from the order to the answer: gathered, signed, on the disk.
func BenchmarkCRL(b *testing.B) {
	bench := signertest.New(b, now)
	e := bench.Open(b, clock)
	signer.Withdraw(b, e, 100_000, now)
	number := uint64(0)
	var size int
	b.ResetTimer()
	for b.Loop() {
		number++
		crl, err := e.CRL(b.Context(), cert.CRLOrder{Number: number})
		require.NoError(b, err)
		require.Equal(b, 100_000, crl.Entries)
		size = len(crl.DER)
	}
	b.ReportMetric(float64(size), "bytes")
}
