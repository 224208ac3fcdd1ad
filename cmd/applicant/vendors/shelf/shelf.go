// Package shelf keeps the records of a simulated vendor, one JSON file each, so that a simulator killed at any moment
// comes back knowing what it promised.
package shelf

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// ErrMissing is returned by Update for a record that is not there.
var ErrMissing = errors.New("no such record")

// Shelf holds records of one kind by their id. It is safe for concurrent use within one process.
type Shelf[T any] struct {
	dir  string
	mu   sync.Mutex
	byID map[string]T
}

// record is the content of a file; the name of the file is a digest, for ids come from outside.
type record[T any] struct {
	ID    string `json:"id"`
	Value T      `json:"value"`
}

// Open reads the shelf in dir, which it makes if need be. An empty dir is a shelf in memory only.
func Open[T any](dir string) (*Shelf[T], error) {
	s := &Shelf[T]{dir: dir, byID: map[string]T{}}
	if dir == "" {
		return s, nil
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("open shelf: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open shelf: %w", err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || filepath.Ext(e.Name()) != ".json" {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("open shelf: %w", err)
		}
		var r record[T]
		if err := json.Unmarshal(raw, &r); err != nil {
			return nil, fmt.Errorf("open shelf: %s: %w", e.Name(), err)
		}
		s.byID[r.ID] = r.Value
	}
	return s, nil
}

// Get returns a record.
func (s *Shelf[T]) Get(id string) (T, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.byID[id]
	return v, ok
}

// All returns every record, in no order.
func (s *Shelf[T]) All() []T {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]T, 0, len(s.byID))
	for _, v := range s.byID {
		out = append(out, v)
	}
	return out
}

// Add stores a record unless its id is taken; it returns the record that is there now and whether it is the new one.
func (s *Shelf[T]) Add(id string, v T) (T, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.byID[id]; ok {
		return old, false, nil
	}
	if err := s.save(id, v); err != nil {
		return v, false, err
	}
	return v, true, nil
}

// Update changes a record; an error of change leaves it as it was. It returns ErrMissing for an unknown id.
func (s *Shelf[T]) Update(id string, change func(*T) error) (T, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.byID[id]
	if !ok {
		return v, fmt.Errorf("update %s: %w", id, ErrMissing)
	}
	if err := change(&v); err != nil {
		return v, err
	}
	return v, s.save(id, v)
}

// save writes the file first and believes it afterwards.
func (s *Shelf[T]) save(id string, v T) error {
	if s.dir != "" {
		if err := s.write(id, v); err != nil {
			return fmt.Errorf("save record: %w", err)
		}
	}
	s.byID[id] = v
	return nil
}

// Fill writes records into the shelf in dir for whoever opens it next. Unlike Add it does not wait for the disk: it is
// for a past that is made up, and made anew if the machine goes down meanwhile.
func Fill[T any](dir string, records map[string]T) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("fill shelf: %w", err)
	}
	for id, v := range records {
		raw, err := json.Marshal(record[T]{id, v})
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name(id)), raw, 0o600)
		}
		if err != nil {
			return fmt.Errorf("fill shelf: %w", err)
		}
	}
	return nil
}

// name is that of a record's file.
func name(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16]) + ".json"
}

func (s *Shelf[T]) write(id string, v T) error {
	raw, err := json.Marshal(record[T]{id, v})
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(s.dir, ".record-*")
	if err != nil {
		return err
	}
	_, werr := tmp.Write(raw)
	if err := errors.Join(werr, tmp.Sync(), tmp.Close()); err != nil {
		_ = os.Remove(tmp.Name())
		return err
	}
	return os.Rename(tmp.Name(), filepath.Join(s.dir, name(id)))
}
