package app

import (
	"crypto/rand"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"github.com/stretchr/testify/require"

	"caconsole/issuance/cert/certtest"
)

// Without an address nothing is asked, and a centre that is described wrongly keeps the console from starting.
func TestKeyCentreIsDescribed(t *testing.T) {
	t.Parallel()
	files := keyFiles(t)
	key, err := sm2.GenerateKey(rand.Reader)
	require.NoError(t, err)
	der, err := smx509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	own := map[string]*pem.Block{
		"sm2":    {Type: "PRIVATE KEY", Bytes: der},
		"centre": {Type: "CERTIFICATE", Bytes: certtest.NewCentre(t).Cert.Raw},
	}
	for name, b := range own {
		files[name] = filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(files[name], pem.EncodeToMemory(b), 0o600))
	}
	none, err := Config{}.dialKMC()
	require.NoError(t, err)
	require.Nil(t, none)
	for _, k := range []KMC{{Centre: files["centre"]}, {Centre: files["centre"], Key: files["sm2"]}} {
		k.URL = "http://k"
		centre, err := Config{KMC: k}.dialKMC()
		require.NoError(t, err)
		require.NotNil(t, centre)
	}
	for _, k := range []KMC{
		{},
		{Centre: files["missing"]},
		{Centre: files["no PEM"]},
		{Centre: files["broken certificate"]},
		{Centre: files["centre"], Key: files["missing"]},
		{Centre: files["centre"], Key: files["pkcs8"]},
		{Centre: files["centre"], Key: files["other key"]},
	} {
		k.URL = "http://k"
		_, err := Config{KMC: k}.dialKMC()
		require.ErrorIs(t, err, ErrConfig, "%+v", k)
	}
}
