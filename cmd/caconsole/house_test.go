package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"
)

// patience is how long anything is waited for that must happen. It is no aim: what is slow on an idle machine shows in the
// benches, and a busy one with half the speed must pass too.
const patience = 5 * time.Minute

// house is a whole demo as a user starts it: the three programs, built from this checkout, each a process of its own,
// with PostgreSQL, the signer, the vendors and the mail server behind them.
type house struct {
	t     *testing.T
	bin   string
	data  string
	url   string
	cmd   *exec.Cmd
	ended chan struct{}
	steps map[string]int64 // the time step of the last one-time code, by login: each is good once
}

// binaries builds the three programs once for all tests.
var binaries = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "caconsole-bin-")
	if err != nil {
		return "", err
	}
	if err := dependOnSources(); err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-o", dir, "caconsole/cmd/caconsole", "caconsole/cmd/casigner", "caconsole/cmd/applicant")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return dir, nil
})

// dependOnSources looks at every source file of the module. The go command takes a test's result from its cache unless a
// file the test looked at has changed, and of the programs built here it would know nothing.
func dependOnSources() error {
	return filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "var" || entry.Name() == "bin"):
			return fs.SkipDir
		case entry.Type().IsRegular():
			_, err = os.Stat(path)
		}
		return err
	})
}

func TestMain(m *testing.M) {
	if places := os.Getenv(consoleToKill); places != "" { // started by this binary itself, to be killed
		fmt.Fprintln(os.Stderr, issueUntilKilled(places))
		os.Exit(1)
	}
	code := m.Run()
	if dir, err := binaries(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// newHouse starts a demo with few orders and waits until it answers.
func newHouse(t *testing.T, args ...string) *house {
	t.Helper()
	bin, err := binaries()
	require.NoError(t, err)
	// A short name: the path of a Unix socket has at most 107 bytes.
	data, err := os.MkdirTemp("", "ca")
	require.NoError(t, err)
	h := &house{t: t, bin: bin, data: data, steps: map[string]int64{}}
	t.Cleanup(func() {
		h.stop(syscall.SIGTERM)
		_ = os.RemoveAll(data)
	})
	h.start(args...)
	return h
}

func (h *house) start(args ...string) {
	h.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(h.t, err)
	address := listener.Addr().String()
	require.NoError(h.t, listener.Close())
	h.url = "http://" + address
	h.cmd = exec.Command(filepath.Join(h.bin, "caconsole"), append([]string{"demo"}, args...)...)
	h.cmd.Env = append(os.Environ(), "CACONSOLE_DATA="+h.data, "CACONSOLE_LISTEN="+address)
	var log bytes.Buffer
	h.cmd.Stdout, h.cmd.Stderr = &log, &log
	require.NoError(h.t, h.cmd.Start())
	h.ended = make(chan struct{})
	go func() { _ = h.cmd.Wait(); close(h.ended) }()
	deadline := time.Now().Add(patience)
	for {
		select {
		case <-h.ended:
			require.Fail(h.t, "the demo ended", log.String())
		default:
		}
		res, err := http.Get(h.url + "/readyz")
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		require.True(h.t, time.Now().Before(deadline), "the demo did not answer in time:\n%s", &log)
		time.Sleep(100 * time.Millisecond)
	}
}

// stop sends a signal and waits for the end.
func (h *house) stop(sig syscall.Signal) {
	if h.cmd == nil || h.cmd.Process == nil {
		return
	}
	_ = h.cmd.Process.Signal(sig)
	select {
	case <-h.ended:
	case <-time.After(30 * time.Second):
		_ = h.cmd.Process.Kill()
		<-h.ended
	}
}

// table reads a tab-separated file of the demo; the first line names the columns.
func (h *house) table(name string) []map[string]string {
	h.t.Helper()
	raw, err := os.ReadFile(filepath.Join(h.data, "demo", name))
	require.NoError(h.t, err)
	lines := bufio.NewScanner(bytes.NewReader(raw))
	require.True(h.t, lines.Scan())
	head := strings.Split(lines.Text(), "\t")
	var out []map[string]string
	for lines.Scan() {
		row := map[string]string{}
		for i, v := range strings.Split(lines.Text(), "\t") {
			row[head[i]] = v
		}
		out = append(out, row)
	}
	return out
}

// serials lists the certificates that wait for a renewal on a path, in a project with that key rule.
func (h *house) serials(path, keys string) []string {
	h.t.Helper()
	var out []string
	for _, row := range h.table("certificates.tsv") {
		if row["path"] == path && row["keys"] == keys {
			out = append(out, row["serial"])
		}
	}
	return out
}

// code is a one-time code of a person that was not used yet; for a second log-in within half a minute it is the next one,
// which the console takes too.
func (h *house) code(who map[string]string) string {
	h.t.Helper()
	const step = 30
	at := max(time.Now().Unix()/step, h.steps[who["login"]]+1)
	for at > time.Now().Unix()/step+1 {
		time.Sleep(time.Second)
	}
	h.steps[who["login"]] = at
	code, err := totp.GenerateCode(who["totp_secret"], time.Unix(at*step, 0))
	require.NoError(h.t, err)
	return code
}

// sent is one message of the outbox.
type sent struct {
	Channel  string `json:"channel"`
	To       string `json:"to"`
	Template string `json:"template"`
	Subject  string `json:"subject"`
	Text     string `json:"text"`
}

// messages reads the outbox.
func (h *house) messages() []sent {
	h.t.Helper()
	files, err := filepath.Glob(filepath.Join(h.data, "outbox", "*.json"))
	require.NoError(h.t, err)
	var out []sent
	for _, f := range files {
		raw, err := os.ReadFile(f)
		require.NoError(h.t, err)
		var m sent
		require.NoError(h.t, json.Unmarshal(raw, &m))
		out = append(out, m)
	}
	return out
}

// run runs one of the programs against the house and returns what it printed.
func (h *house) run(ctx context.Context, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(h.bin, program), args...)
	cmd.Env = append(os.Environ(), "CACONSOLE_DATA="+h.data)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// eventually waits for something that happens by itself.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	require.Eventually(t, ok, patience, 100*time.Millisecond, what)
}
