// Package s3 keeps blobs as objects of one bucket of an S3 service.
package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"caconsole/admin/fault"
	"caconsole/admin/seal"
)

const (
	// maxBlob bounds a blob, which is held in memory while it is sent: an upload has 20 MB at most, and sealing adds little.
	maxBlob = 64 << 20
	// attempts is how often a request is made that the service does not answer. The caller's context ends it earlier.
	attempts = 3
	// retryAfter is what a caller is told while the service is away.
	retryAfter = 30 * time.Second
)

// Config says where the bucket is and who asks.
type Config struct {
	URL       string // of the service: https://oss-cn-shenzhen.example.com
	Region    string // empty: asked of the service
	Bucket    string
	AccessKey string
	SecretKey seal.Secret
	// PathStyle puts the bucket into the path instead of the host name, as services without a name per bucket need.
	PathStyle bool
}

// Store is a seal.Blobs on a bucket. Many processes may share the bucket.
type Store struct {
	client minio.Core
	bucket string
}

var _ seal.Blobs = (*Store)(nil)

// Open makes the client and asks for the bucket, which it does not make: a wrong address, key or bucket shows at once.
func Open(ctx context.Context, c Config) (*Store, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.Path != "" {
		return nil, fmt.Errorf("s3: %q is no base URL of a service (https://host)", c.URL)
	}
	lookup := minio.BucketLookupAuto
	if c.PathStyle {
		lookup = minio.BucketLookupPath
	}
	client, err := minio.NewCore(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(c.AccessKey, c.SecretKey.Reveal(), ""), Secure: u.Scheme == "https",
		Region: c.Region, BucketLookup: lookup, MaxRetries: attempts,
	})
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	found, err := client.BucketExists(ctx, c.Bucket)
	if err != nil {
		return nil, fmt.Errorf("s3: ask for bucket %s: %w", c.Bucket, err)
	}
	if !found {
		return nil, fmt.Errorf("s3: %s has no bucket %s", u.Host, c.Bucket)
	}
	return &Store{client: *client, bucket: c.Bucket}, nil
}

// Put sends the blob in one request, which the service carries out whole or not at all, and returns once the service has
// confirmed it. The reader is read to its end first, so that one that breaks sends nothing.
func (s *Store) Put(ctx context.Context, key string, r io.Reader) error {
	if err := seal.CheckKey(key); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	body, err := io.ReadAll(io.LimitReader(r, maxBlob+1))
	if err != nil {
		return fmt.Errorf("s3: read %s: %w", key, err)
	}
	if len(body) > maxBlob {
		return fmt.Errorf("s3: %s has more than %d bytes", key, maxBlob)
	}
	// Of the checksums there are, MD5 is the one every service checks.
	_, err = s.client.Client.PutObject(ctx, s.bucket, key, bytes.NewReader(body), int64(len(body)),
		minio.PutObjectOptions{ContentType: "application/octet-stream", DisableMultipart: true, SendContentMd5: true})
	return s.failed("put", key, err)
}

// Get opens the blob of a key. Errors: seal.ErrNoBlob, Unavailable object_store_down.
func (s *Store) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := seal.CheckKey(key); err != nil {
		return nil, err
	}
	r, _, _, err := s.client.GetObject(ctx, s.bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return nil, s.failed("get", key, err)
	}
	return r, nil
}

// Delete removes the blob of a key; one that is not there is no error. Error: Unavailable object_store_down.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := seal.CheckKey(key); err != nil {
		return err
	}
	err := s.failed("delete", key, s.client.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{}))
	if errors.Is(err, seal.ErrNoBlob) {
		return nil
	}
	return err
}

// failed names what was tried. A service that is away, full or too busy is an outage, over soon; a refusal is not.
func (s *Store) failed(what, key string, err error) error {
	if err == nil {
		return nil
	}
	said := minio.ToErrorResponse(err)
	err = fmt.Errorf("s3: %s %s: %w", what, key, err)
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case said.Code == minio.NoSuchKey:
		return fmt.Errorf("s3: %s: %w", key, seal.ErrNoBlob)
	case said.StatusCode >= http.StatusBadRequest && said.StatusCode < http.StatusInternalServerError && said.StatusCode != http.StatusTooManyRequests:
		return err
	}
	return fault.Down("object_store_down", retryAfter, err)
}
