package demo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"caconsole/admin/pg"
	"caconsole/admin/seal"
	"caconsole/cmd/caconsole/app"
)

// folder is the data folder of a demo. All but the database is below it; the database may lie elsewhere, see package pg.
type folder string

// path is a place below the data folder.
func (f folder) path(parts ...string) string {
	return filepath.Join(append([]string{string(f)}, parts...)...)
}

// file is a place in the part of it that is the demo's own.
func (f folder) file(parts ...string) string { return f.path(append([]string{"demo"}, parts...)...) }

// Marks of how far the making of the data is. The second appears when everything is on disk.
const (
	begunMark    = "begun"
	completeMark = "complete"
)

// made is what the making of the data leaves, besides the database.
func (f folder) made() []string {
	return []string{f.path("objects"), f.path("ca"), f.path("outbox"), f.path("vendors"), f.file()}
}

// lock keeps a second demo off the same folder. The lock ends with the program.
func (f folder) lock() (release func(), err error) {
	if err := os.MkdirAll(f.path(), 0o755); err != nil { //nolint:gosec // the database's user walks through it
		return nil, err
	}
	file, err := os.OpenFile(f.path("demo.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("another demo runs in %s; stop it, or set CACONSOLE_DATA to another folder", f)
	}
	return func() { _ = file.Close() }, nil
}

func (f folder) openLog(name string) (*os.File, error) {
	if err := os.MkdirAll(f.path("log"), 0o750); err != nil {
		return nil, err
	}
	return os.OpenFile(f.path("log", name+".log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
}

// complete tells whether the data is there. What an earlier start left half made is thrown away. A folder with data
// that no demo made is refused, and one of a version whose console kept the staff's keys itself.
func (d *demo) complete(ctx context.Context) (bool, error) {
	begun, complete := exists(d.file(begunMark)), exists(d.file(completeMark))
	if complete && !exists(d.file(staffKeysFolder, firstReviewer+".pem")) {
		return false, fmt.Errorf("%s holds a demo of an older version, whose staff cannot sign: remove it, or set CACONSOLE_DATA to another folder", d.Data)
	}
	if complete {
		return true, nil
	}
	if begun {
		d.say("an earlier start was cut short: making its data anew")
		return false, d.wipe(ctx)
	}
	for _, p := range d.made() {
		if exists(p) {
			return false, fmt.Errorf("%s holds data that no demo made (%s): set CACONSOLE_DATA to another folder", d.Data, p)
		}
	}
	return false, nil
}

// wipe removes what was made; the mark goes last, so that a wipe cut short is taken up again.
func (d *demo) wipe(ctx context.Context) error {
	if err := d.cluster.Reset(ctx); err != nil {
		return err
	}
	for _, p := range d.made() {
		if err := os.RemoveAll(p); err != nil {
			return err
		}
	}
	return nil
}

// begin makes the demo's own folder with its keys. From here on the data counts as half made.
func (d *demo) begin() error {
	if err := os.MkdirAll(d.file(), 0o755); err != nil { //nolint:gosec // the files in it that matter are 0600
		return err
	}
	if err := os.WriteFile(d.file(begunMark), nil, 0o600); err != nil {
		return err
	}
	keys, err := seal.NewKeys()
	if err != nil {
		return err
	}
	return os.WriteFile(d.path(app.SealKeyFile), []byte(keys+"\n"), 0o600)
}

// finish makes the data count.
func (d *demo) finish() error {
	return os.WriteFile(d.file(completeMark), nil, 0o600)
}

// store opens the house of the demo.
func (d *demo) store() (app.Store, error) {
	raw, err := os.ReadFile(d.path(app.SealKeyFile))
	if err != nil {
		return app.Store{}, err
	}
	return app.Store{
		Data: d.Data, DatabaseURL: d.cluster.DSN(pg.RoleApp), ReadURL: d.cluster.DSN(pg.RoleRead),
		SealKeys: seal.Secret(strings.TrimSpace(string(raw))),
	}, nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// writeTable writes rows as lines of tab-separated fields; the first names the columns.
func writeTable(path string, rows [][]string) error {
	var b strings.Builder
	for _, row := range rows {
		b.WriteString(strings.Join(row, "\t") + "\n")
	}
	return os.WriteFile(path, []byte(b.String()), 0o600)
}
