// Package ports reads and writes ports.json, the list of addresses by which the parts of a demo or test find each other.
package ports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Names of the addresses in the file. All but SMTP are URLs; SMTP is host:port.
const (
	Console  = "console"  // staff pages and intake API
	Identity = "identity" // Tencent Cloud FaceID
	Telecom  = "telecom"  // Tencent Cloud FaceID, three-factor check
	SMS      = "sms"      // Tencent Cloud SMS
	Invoice  = "invoice"  // 诺诺 open platform
	WeChat   = "wechat"   // WeChat Pay
	Alipay   = "alipay"   // Alipay open platform
	SMTP     = "smtp"     // mail server
	KMC      = "kmc"      // key management centre
	Ukey     = "ukey"     // agent of the staff's Ukeys
)

// Map is the content of the file. Values are kept as they came, so that entries this program knows nothing of survive.
type Map map[string]any

// Get returns the address called name, or "" when the file does not name it.
func (m Map) Get(name string) string {
	s, _ := m[name].(string)
	return s
}

// Read reads the file. A missing file is an empty map: addresses appear as their owners start.
func Read(path string) (Map, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Map{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read ports: %w", err)
	}
	m := Map{}
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("read ports %s: %w", path, err)
	}
	return m, nil
}

// Merge adds add to the file and keeps what else is in it. The file is replaced in one step, so that a reader never
// sees half of it; writers wait for each other, for the parts of a demo start side by side.
func Merge(path string, add map[string]string) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("write ports: %w", err)
	}
	release, err := lock(dir)
	if err != nil {
		return fmt.Errorf("write ports: %w", err)
	}
	defer func() { err = errors.Join(err, release()) }()
	m, err := Read(path)
	if err != nil {
		return err
	}
	for k, v := range add {
		m[k] = v
	}
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("encode ports: %w", err)
	}
	if err := replace(path, append(raw, '\n')); err != nil {
		return fmt.Errorf("write ports: %w", err)
	}
	return nil
}

// lock keeps other writers of the folder out until what it returns is called; it ends with the process that holds it.
func lock(dir string) (release func() error, err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d.Close, nil
}

func replace(path string, content []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".ports-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(content)
	if err := errors.Join(err, tmp.Chmod(0o644), tmp.Close()); err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return os.Rename(tmp.Name(), path)
}
