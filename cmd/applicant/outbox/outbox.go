// Package outbox holds the messages that left the console in a demo or test: one JSON file for each SMS and mail.
//
// The vendor simulators write them; the applicant robot and tests read them the way a person reads a phone.
package outbox

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"
)

// The channels of a message.
const (
	SMS  = "sms"
	Mail = "mail"
)

// Message is one SMS or mail as the addressee sees it.
type Message struct {
	Channel  string    `json:"channel"`  // sms or mail
	To       string    `json:"to"`       // eleven-digit mobile number, or mail address
	Template string    `json:"template"` // name of the approved template; "" for mail
	Subject  string    `json:"subject"`  // "" for SMS
	Text     string    `json:"text"`     // what is read, variables filled in
	At       time.Time `json:"at"`       // when the vendor accepted it
}

// Box is a folder of messages. Any number of processes may write to one.
type Box struct {
	dir  string
	mu   sync.Mutex
	read map[string]Message // by file name: a message never changes once it has its name
}

// Open returns the box in dir, which it makes if need be.
func Open(dir string) (*Box, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("open outbox: %w", err)
	}
	return &Box{dir: dir, read: map[string]Message{}}, nil
}

// Put stores a message durably before it returns: the vendor answers "accepted" only after this. A reader never sees
// half a file, for it gets its name when it is whole.
func (b *Box) Put(m Message) error {
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("encode message: %w", err)
	}
	tmp, err := os.CreateTemp(b.dir, ".message-*")
	if err != nil {
		return fmt.Errorf("store message: %w", err)
	}
	_, werr := tmp.Write(append(raw, '\n'))
	if err := errors.Join(werr, tmp.Sync(), tmp.Close()); err != nil {
		_ = os.Remove(tmp.Name())
		return fmt.Errorf("store message: %w", err)
	}
	// Time first, so that names sort by age; the random part keeps two of one instant apart.
	name := fmt.Sprintf("%s-%s-%s.json", m.At.UTC().Format("20060102T150405.000000000"), m.Channel, rand.Text())
	if err := os.Rename(tmp.Name(), filepath.Join(b.dir, name)); err != nil {
		return fmt.Errorf("store message: %w", err)
	}
	return b.syncDir()
}

// syncDir makes the new name itself survive a power cut.
func (b *Box) syncDir() error {
	d, err := os.Open(b.dir)
	if err != nil {
		return fmt.Errorf("store message: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("store message: %w", err)
	}
	return nil
}

// List returns all messages, oldest first. Each file is read once.
func (b *Box) List() ([]Message, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return nil, fmt.Errorf("list outbox: %w", err)
	}
	var out []Message
	for _, e := range entries {
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") || filepath.Ext(e.Name()) != ".json" {
			continue
		}
		m, known := b.read[e.Name()]
		if !known {
			raw, err := os.ReadFile(filepath.Join(b.dir, e.Name()))
			if err != nil {
				return nil, fmt.Errorf("list outbox: %w", err)
			}
			if err := json.Unmarshal(raw, &m); err != nil {
				return nil, fmt.Errorf("list outbox: %s: %w", e.Name(), err)
			}
			b.read[e.Name()] = m
		}
		out = append(out, m)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].At.Before(out[j].At) })
	return out, nil
}

// Wait returns the newest message for which match holds, looking again every 100 ms until ctx ends.
func (b *Box) Wait(ctx context.Context, match func(Message) bool) (Message, error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		all, err := b.List()
		if err != nil {
			return Message{}, err
		}
		for i := len(all) - 1; i >= 0; i-- {
			if match(all[i]) {
				return all[i], nil
			}
		}
		select {
		case <-ctx.Done():
			return Message{}, fmt.Errorf("wait for message: %w", ctx.Err())
		case <-tick.C:
		}
	}
}
