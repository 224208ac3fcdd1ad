package desk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// inbox is the folder below which statements appear.
type inbox struct {
	dir  string
	now  func() time.Time
	mu   sync.Mutex
	seen map[string]state // by path
}

// state is a file as it was last seen.
type state struct {
	size  int64
	mod   time.Time
	since time.Time // when it was first seen like this
	taken bool
	// refused names those for whom the console would not have it: it may be the statement of another's project.
	refused map[string]bool
}

func newInbox(dir string, now func() time.Time) *inbox {
	return &inbox{dir: dir, now: now, seen: map[string]state{}}
}

// What banks export, by the end of the name.
var exports = map[string]bool{
	".xls": true, ".xlsx": true, ".csv": true, ".tsv": true, ".txt": true, ".htm": true, ".html": true, ".xml": true, ".sta": true, ".940": true, ".mt940": true, ".dat": true,
}

// settled is how long a file must not have changed: a bank's export is not read while it is being written.
const settled = 500 * time.Millisecond

// take gives somebody one file that nobody took yet, "" where there is none. A file that changes afterwards counts as new.
func (b *inbox) take(who string) (string, error) {
	if b.dir == "" {
		return "", nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	found := ""
	err := filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // not there yet, or gone already
		case err != nil:
			return err
		case d.IsDir() || strings.HasPrefix(d.Name(), ".") || !exports[strings.ToLower(filepath.Ext(path))]:
			return nil
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if b.ready(path, info, who) {
			found = path
			return filepath.SkipAll
		}
		return nil
	})
	return found, err
}

// ready notes how a file looks and takes it once it has settled.
func (b *inbox) ready(path string, info os.FileInfo, who string) bool {
	s, known := b.seen[path]
	if !known || s.size != info.Size() || !s.mod.Equal(info.ModTime()) {
		s = state{size: info.Size(), mod: info.ModTime(), since: b.now()}
	}
	ready := !s.taken && !s.refused[who] && s.size > 0 && (b.now().Sub(s.since) >= settled || b.now().Sub(s.mod) >= settled)
	s.taken = s.taken || ready
	b.seen[path] = s
	return ready
}

// back returns a file that was taken and not imported.
func (b *inbox) back(path string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.seen, path)
}

// refuse returns a file that the console would not have from somebody; others may try.
func (b *inbox) refuse(path, who string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.seen[path]
	if s.taken = false; s.refused == nil {
		s.refused = map[string]bool{}
	}
	s.refused[who] = true
	b.seen[path] = s
}

// pending reports whether files wait that nobody took yet.
func (b *inbox) pending() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.seen {
		if !s.taken && s.size > 0 && s.refused == nil {
			return true
		}
	}
	return false
}
