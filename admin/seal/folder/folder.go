// Package folder keeps blobs as files under one directory.
package folder

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	"caconsole/admin/seal"
)

const (
	staging = "staging" // half-written files live here, on the same file system as the finished ones
	// staleAfter is how old a half-written file must be to be somebody's crash and not somebody's upload.
	staleAfter = time.Hour
)

// Store is a seal.Blobs on a directory. Many processes may share the directory.
type Store struct{ root *os.Root }

var _ seal.Blobs = (*Store)(nil)

// Open opens the directory, making it where it is missing (mode 0700), and clears what crashed writers left there.
func Open(dir string, now func() time.Time) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder: make %s: %w", dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("folder: open %s: %w", dir, err)
	}
	s := &Store{root: root}
	if err := s.clearStaging(now().Add(-staleAfter)); err != nil {
		return nil, errors.Join(fmt.Errorf("folder: clear %s: %w", dir, err), root.Close())
	}
	return s, nil
}

// Close releases the directory.
func (s *Store) Close() error { return s.root.Close() }

// Put writes to a staging file, syncs it, renames it into place and syncs the directories on the way: after a power
// cut there is the whole file or none.
func (s *Store) Put(ctx context.Context, key string, r io.Reader) error {
	name, err := fileOf(key)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	temp := path.Join(staging, rand.Text())
	if err := s.write(temp, r); err != nil {
		return fmt.Errorf("folder: write %s: %w", key, errors.Join(err, s.remove(temp)))
	}
	if err := s.place(temp, name); err != nil {
		return fmt.Errorf("folder: place %s: %w", key, errors.Join(err, s.remove(temp)))
	}
	return nil
}

func (s *Store) write(name string, r io.Reader) error {
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (s *Store) place(temp, name string) error {
	dir := path.Dir(name)
	if err := s.root.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := s.root.Rename(temp, name); err != nil {
		return err
	}
	// The upper directories too: one of them may be new.
	for _, d := range []string{dir, path.Dir(dir), "."} {
		if err := s.syncDir(d); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) syncDir(name string) error {
	d, err := s.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Get opens the file of a key. Error: seal.ErrNoBlob.
func (s *Store) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	name, err := fileOf(key)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := s.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("folder: %s: %w", key, seal.ErrNoBlob)
	}
	return f, err
}

// Delete removes the file of a key; one that is not there is no error.
func (s *Store) Delete(ctx context.Context, key string) error {
	name, err := fileOf(key)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.remove(name); err != nil {
		return fmt.Errorf("folder: delete %s: %w", key, err)
	}
	return nil
}

func (s *Store) remove(name string) error {
	if err := s.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (s *Store) clearStaging(before time.Time) error {
	if err := s.root.MkdirAll(staging, 0o700); err != nil {
		return err
	}
	entries, err := fs.ReadDir(s.root.FS(), staging)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // another process finished it meanwhile
		}
		if err != nil {
			return err
		}
		if info.ModTime().Before(before) {
			if err := s.remove(path.Join(staging, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// fileOf spreads the files over 65,536 directories by the first digits of their keys, which are random.
func fileOf(key string) (string, error) {
	if err := seal.CheckKey(key); err != nil {
		return "", err
	}
	return path.Join(key[:2], key[2:4], key), nil
}
