package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// programs are the other two commands, beside this one.
type programs struct{ applicant, signer string }

func findPrograms() (programs, error) {
	self, err := os.Executable()
	if err != nil {
		return programs{}, err
	}
	dir := filepath.Dir(self)
	p := programs{applicant: filepath.Join(dir, "applicant"), signer: filepath.Join(dir, "casigner")}
	for _, file := range []string{p.applicant, p.signer} {
		if !exists(file) {
			return programs{}, fmt.Errorf("%s is missing: the demo needs all three programs in one folder (make build)", file)
		}
	}
	return p, nil
}

// children are the processes beside the console.
func (p programs) children(d *demo, e environment) []child {
	return []child{
		{name: "vendors", program: p.applicant, args: e.vendorArgs(d), log: d.path("log", "vendors.log")},
		{name: "casigner", program: p.signer, args: []string{
			"serve", "--data", d.path("ca"), "--socket", e.signerSocket, "--admin-socket", e.adminSocket,
		}, log: d.path("log", "casigner.log")},
		{name: "ukey", program: p.applicant, args: []string{
			"ukey", "--keys", d.file(staffKeysFolder), "--listen", e.agent, "--origin", e.console,
		}, log: d.path("log", "ukey.log")},
	}
}

// child is a process that runs as long as this one and is started again when it dies.
type child struct {
	name, program string
	args          []string
	log           string // file of its last words
}

// How long a child has to end, and to wait before one that died is started again.
const (
	childPatience = 10 * time.Second
	againAfter    = 300 * time.Millisecond
	againMost     = 5 * time.Second
)

// startChildren starts processes and keeps them running until ctx ends; then Wait returns when they have ended.
func startChildren(ctx context.Context, log *slog.Logger, all []child) *sync.WaitGroup {
	var running sync.WaitGroup
	for _, c := range all {
		running.Go(func() {
			// The kernel tells a child of its parent's death when the thread that started it ends.
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			c.keep(ctx, log)
		})
	}
	return &running
}

func (c child) keep(ctx context.Context, log *slog.Logger) {
	wait := againAfter
	for ctx.Err() == nil {
		err := c.run(ctx)
		if ctx.Err() != nil {
			return
		}
		log.ErrorContext(ctx, "process ended, starting it again", "process", c.name, "error", err, "log", c.log)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, againMost)
	}
}

// run runs the process once.
func (c child) run(ctx context.Context) (err error) {
	out, err := os.OpenFile(c.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	cmd := exec.CommandContext(ctx, c.program, c.args...) //nolint:gosec // our own programs
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "LC_ALL=C.UTF-8"} // none of ours: it may hold keys
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setpgid:   true, // a terminal's Ctrl-C is for us; we stop the others when the console has stopped
		Pdeathsig: syscall.SIGKILL,
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = childPatience
	return cmd.Run()
}
