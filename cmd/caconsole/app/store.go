package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"caconsole/admin/pg"
	"caconsole/admin/seal"
	"caconsole/admin/seal/folder"
	"caconsole/admin/seal/s3"
)

// Store says where the database, the keys and the files are. Every command but version takes it.
type Store struct {
	Data        string      `help:"Data folder: files, and of a demo the private database and the keys." default:"var" type:"path"`
	DatabaseURL string      `name:"database-url" env:"DATABASE_URL" placeholder:"URL" help:"Database for the app role."`
	ReadURL     string      `name:"read-url" placeholder:"URL" help:"Database for the read role. Default: the app role takes it on."`
	S3          S3          `embed:"" prefix:"s3-" group:"Object store (else the folder objects below --data)"`
	SealKeys    seal.Secret `name:"seal-keys" help:"Key ring that seals personal data and files. Better given by the environment than by the flag."`
}

// S3 is the bucket that holds the sealed files, so that many machines share them. Without one they lie below the data
// folder.
type S3 struct {
	URL       string      `name:"url" placeholder:"URL" help:"S3 service; empty: files lie in a folder."`
	Region    string      `name:"region" help:"Region of the service."`
	Bucket    string      `name:"bucket" help:"Bucket; it must be there."`
	AccessKey string      `name:"access-key" help:"Access key."`
	SecretKey seal.Secret `name:"secret-key" help:"Secret key."`
	PathStyle bool        `name:"path-style" help:"The bucket stands in the path, not in the host name."`
}

// SealKeyFile is where a demo leaves its key ring, below the data folder; nothing but a demo makes keys.
const SealKeyFile = "demo/seal.keys"

// Ring opens the key ring: the one set, else the one a demo left in the data folder.
func (s Store) Ring() (*seal.Ring, error) {
	text := s.SealKeys.Reveal()
	if text == "" {
		file := filepath.Join(s.Data, SealKeyFile)
		raw, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("no key ring: set CACONSOLE_SEAL_KEYS, or point --data to the folder of a demo (%s is not there)", file)
		}
		if err != nil {
			return nil, err
		}
		text = strings.TrimSpace(string(raw))
	}
	return seal.ParseKeys(text)
}

// House is what everything stands on: database, keys, files, clock and log.
type House struct {
	DB    *pg.DB
	Ring  *seal.Ring
	Vault seal.Vault
	Now   func() time.Time
	Log   *slog.Logger

	closeFiles func() error
}

// Open opens the house. Close it at the end.
func (s Store) Open(ctx context.Context, now func() time.Time, log *slog.Logger) (*House, error) {
	ring, err := s.Ring()
	if err != nil {
		return nil, err
	}
	files, closeFiles, err := s.files(ctx, now)
	if err != nil {
		return nil, err
	}
	db, err := pg.Open(ctx, pg.Options{DSN: s.DatabaseURL, ReadDSN: s.ReadURL, Logger: log})
	if err != nil {
		return nil, errors.Join(err, closeFiles())
	}
	return &House{DB: db, Ring: ring, Vault: seal.Vault{Ring: ring, Blobs: files}, Now: now, Log: log, closeFiles: closeFiles}, nil
}

// files opens the store of sealed files: the bucket, where one is set, else the folder.
func (s Store) files(ctx context.Context, now func() time.Time) (blobs seal.Blobs, closer func() error, err error) {
	if s.S3.URL != "" {
		bucket, err := s3.Open(ctx, s3.Config(s.S3))
		return bucket, func() error { return nil }, err
	}
	dir, err := folder.Open(filepath.Join(s.Data, "objects"), now)
	if err != nil {
		return nil, nil, err
	}
	return dir, dir.Close, nil
}

// Close ends the use of database and files.
func (h *House) Close() error {
	h.DB.Close()
	return h.closeFiles()
}
