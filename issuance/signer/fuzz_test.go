package signer_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/issuance/signer"
	"caconsole/issuance/signer/signertest"
)

// FuzzReadJournal: whatever the file holds, what is read of it is a chain, and the rest is broken or torn.
func FuzzReadJournal(f *testing.F) {
	b := signertest.New(f, now)
	raw, err := os.ReadFile(filepath.Join(b.Dir, "journal.jsonl"))
	require.NoError(f, err)
	f.Add(raw)
	f.Add(raw[:len(raw)-1])
	f.Add([]byte("\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		read, seq := 0, uint64(0)
		torn, err := signer.ReadJournal(bytes.NewReader(raw), func(r signer.Record, n int) error {
			require.Equal(t, seq+1, r.Seq)
			read, seq = read+n+1, r.Seq
			return nil
		})
		if err == nil {
			require.EqualValues(t, len(raw), int64(read)+torn)
		}
	})
}

// FuzzOpenShare: a share file is opened or refused; one that asks for endless work is refused.
func FuzzOpenShare(f *testing.F) {
	f.Add([]byte(`{"v":1,"ceremony":"x","login":"a","index":1,"needed":2,"shares":3,"rounds":1,"salt":"AAAAAAAAAAAAAAAAAAAAAA==","nonce":"AAAAAAAAAAAAAAAA","bytes":""}`))
	f.Add([]byte(`{"v":1,"rounds":2000000000}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if bytes.Contains(raw, []byte("0000")) {
			t.Skip("rounds that only cost time")
		}
		_, err := signer.OpenShare(raw, []byte("passphrase"))
		require.Error(t, err, "nobody sealed it")
	})
}
