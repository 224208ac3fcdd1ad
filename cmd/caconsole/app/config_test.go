package app

import (
	"testing"

	"github.com/stretchr/testify/require"

	"caconsole/admin/notify"
)

// described is a configuration with everything in it.
func described() Config {
	c := Config{
		Store: Store{DatabaseURL: "postgres://", SealKeys: "keys"}, Environment: Production, Signer: "/run/ca.sock",
		Web:     Web{Listen: "10.0.0.1:443", PublicListen: "192.0.2.1:443", PublicURL: "https://hall.example.test", BehindTLS: true},
		Tencent: Tencent{SecretID: "a", SecretKey: "b", FaceRule: "1", SMSApp: "2", SMSSign: "3", SMSTemplate: map[string]string{}},
		Nuonuo:  Nuonuo{AppKey: "a", AppSecret: "b", AccessToken: "c", TaxNo: "d"},
		SMTP:    SMTP{Address: "mail:25", From: "ca@example.test"},
	}
	for _, name := range notify.Templates {
		c.Tencent.SMSTemplate[string(name)] = "1"
	}
	return c
}

func TestConfigNamesWhatMisses(t *testing.T) {
	t.Parallel()
	c := described()
	require.NoError(t, c.check())
	for name, miss := range map[string]struct {
		take func(*Config)
		says string
	}{
		"database":             {func(c *Config) { c.DatabaseURL = "" }, "DATABASE_URL"},
		"keys":                 {func(c *Config) { c.SealKeys = "" }, "CACONSOLE_SEAL_KEYS"},
		"signer":               {func(c *Config) { c.Signer = "" }, "CACONSOLE_SIGNER_SOCKET"},
		"cloud account":        {func(c *Config) { c.Tencent.SecretKey = "" }, "CACONSOLE_TENCENT_SECRET_ID"},
		"one text":             {func(c *Config) { delete(c.Tencent.SMSTemplate, "returned") }, "without a number: returned"},
		"invoices":             {func(c *Config) { c.Nuonuo.AccessToken = "" }, "CACONSOLE_NUONUO_APP_KEY"},
		"mail":                 {func(c *Config) { c.SMTP.From = "" }, "CACONSOLE_SMTP_ADDRESS"},
		"TLS":                  {func(c *Config) { c.BehindTLS = false }, "production speaks TLS"},
		"half a certificate":   {func(c *Config) { c.TLSCert = "cert.pem" }, "go together"},
		"public app apart":     {func(c *Config) { c.PublicListen = c.Listen }, "keeps the public app apart"},
		"public address":       {func(c *Config) { c.PublicURL = "" }, "CACONSOLE_PUBLIC_URL is not set"},
		"public address whole": {func(c *Config) { c.PublicURL = "https://hall.example.test/" }, "no base URL"},
		"agent elsewhere":      {func(c *Config) { c.UkeyAgent = "http://agent.example.test:8091" }, "CACONSOLE_UKEY_AGENT"},
		"proxies":              {func(c *Config) { c.Proxies = []string{"10.0.0.0/8", "all"} }, "no address or network: all"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := described()
			miss.take(&c)
			err := c.check()
			require.ErrorIs(t, err, ErrConfig)
			require.ErrorContains(t, err, miss.says)
		})
	}
}

func TestDemoNeedsNoTLS(t *testing.T) {
	t.Parallel()
	c := described()
	c.Environment, c.Web = Demo, Web{Listen: "127.0.0.1:8080"}
	require.NoError(t, c.check())
	require.True(t, c.shared())
	require.False(t, c.tls())
}

func TestWorkerKnowsThePublicAddress(t *testing.T) {
	t.Parallel()
	for want, web := range map[string]Web{
		"https://hall.example.test": {Listen: ":1", PublicListen: ":2", PublicURL: "https://hall.example.test"},
		"http://localhost:8080":     {Listen: "0.0.0.0:8080"},
		"http://192.0.2.1:8081":     {Listen: "127.0.0.1:8080", PublicListen: "192.0.2.1:8081"},
	} {
		c := Config{Web: web}.WithoutWeb()
		require.Equal(t, want, c.PublicURL)
		require.Empty(t, c.Listen+c.PublicListen)
	}
}

func TestUkeyAgentIsOneLoopbackOrigin(t *testing.T) {
	t.Parallel()
	for address, good := range map[string]bool{
		"http://127.0.0.1:8091": true, "http://localhost:8091": true,
		"":                       true, // none
		"https://127.0.0.1:8091": false, "http://127.0.0.1": false, "http://127.0.0.1:0": false, "http://127.0.0.1:8091/": false,
		"http://127.0.0.1:8091/v1": false, "http://u@127.0.0.1:8091": false, "http://10.0.0.1:8091": false, "http://[::1]:8091": false,
		"127.0.0.1:8091": false, "http://localhost:8091 *": false, "http://localhost:8091; script-src *": false, "http://localhost.example.test:1": false,
	} {
		c := described()
		c.UkeyAgent = address
		require.Equal(t, good, c.check() == nil, address)
	}
}
