package s3_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"

	"caconsole/admin/fault"
	"caconsole/admin/seal"
	"caconsole/admin/seal/blobtest"
	"caconsole/admin/seal/s3"
)

const bucket = "objects"

// service is an S3 service in this process; answer, where it is set, answers in its place.
type service struct {
	url     string
	backend gofakes3.Backend
	answer  atomic.Pointer[http.HandlerFunc]
}

func serve(t *testing.T) *service {
	t.Helper()
	s := &service{backend: s3mem.New()}
	fake := gofakes3.New(s.backend).Server()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer := s.answer.Load(); answer != nil {
			(*answer)(w, r)
			return
		}
		fake.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	s.url = web.URL
	require.NoError(t, s.backend.CreateBucket(bucket))
	return s
}

func (s *service) config() s3.Config {
	return s3.Config{URL: s.url, Region: "cn-test-1", Bucket: bucket, AccessKey: "access", SecretKey: "secret", PathStyle: true}
}

func (s *service) Open(t testing.TB) seal.Blobs {
	t.Helper()
	store, err := s3.Open(t.Context(), s.config())
	require.NoError(t, err)
	return store
}

func (s *service) Keys(t testing.TB) (names []string) {
	t.Helper()
	list, err := s.backend.ListBucket(bucket, nil, gofakes3.ListBucketPage{})
	require.NoError(t, err)
	for _, o := range list.Contents {
		names = append(names, o.Key)
	}
	return names
}

func TestContract(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, serve(t))
}

// TestOutage: a service that is away is told apart from one that refuses, and nothing is tried for ever.
func TestOutage(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]struct {
		status int
		down   bool
	}{"broken": {http.StatusInternalServerError, true}, "too busy": {http.StatusServiceUnavailable, true}, "refused": {http.StatusForbidden, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			store := s.Open(t)
			answer := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(w.status) })
			s.answer.Store(&answer)
			err := store.Put(t.Context(), blobtest.Key, strings.NewReader("x"))
			require.Equal(t, w.down, fault.HasKey(err, "object_store_down"), "%v", err)
			_, err = store.Get(t.Context(), blobtest.Key)
			require.Equal(t, w.down, fault.HasKey(err, "object_store_down"), "%v", err)
			require.Error(t, store.Delete(t.Context(), blobtest.Key))
			if w.down {
				require.Equal(t, 30*time.Second, fault.Of(err).RetryAfter)
			}
			s.answer.Store(nil)
			require.Empty(t, s.Keys(t))
			require.NoError(t, store.Put(t.Context(), blobtest.Key, strings.NewReader("x")), "back again")
		})
	}
}

// TestOpenShowsWhatIsWrong: at the start, not at the first upload.
func TestOpenShowsWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := s.config()
	c.Bucket = "elsewhere"
	_, err := s3.Open(t.Context(), c)
	require.ErrorContains(t, err, "no bucket elsewhere")
	for _, bad := range []string{"", "minio:9000", "ftp://minio", "https://minio/objects"} {
		c.URL = bad
		_, err := s3.Open(t.Context(), c)
		require.ErrorContains(t, err, "no base URL", bad)
	}
}
