package load

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"caconsole/cmd/applicant/renew"
)

// ErrStock says that there are not enough certificates to renew.
var ErrStock = errors.New("not enough certificates")

// certificate is one that can be renewed.
type certificate struct{ serial, path string }

// readStock reads the list of certificates (tab-separated, columns named by the first line: serial, path, keys) and
// leaves out those whose new pair lies below out already, and those that need a CSR.
func readStock(list, out string) ([]certificate, error) {
	file, err := os.Open(list)
	if err != nil {
		return nil, fmt.Errorf("read certificates: %w", err)
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	lines.Scan()
	head := strings.Split(lines.Text(), "\t")
	var all []certificate
	for lines.Scan() {
		row := map[string]string{}
		for i, v := range strings.Split(lines.Text(), "\t") {
			if i < len(head) {
				row[head[i]] = v
			}
		}
		if row["serial"] == "" || row["keys"] == "csr" || renewed(out, row["serial"]) {
			continue
		}
		all = append(all, certificate{row["serial"], row["path"]})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read certificates: %w", err)
	}
	return all, nil
}

// renewed reports whether an earlier run renewed a certificate.
func renewed(out, serial string) bool {
	_, err := os.Stat(filepath.Join(out, serial, "sign.pem"))
	return err == nil
}

// job is one renewal to do.
type job struct {
	certificate
	pay string
	bad bool // the papers are pale at first
}

// plan deals n renewals: the share of each path, of each way to pay and of bad papers as asked for, in an order that the
// seed decides. Where one path has too few certificates, the other one makes up for it. What is left are the spares, by
// path.
func plan(stock []certificate, o Options) (jobs []job, spares map[string][]certificate, err error) {
	have := map[string][]certificate{}
	for _, c := range stock {
		have[c.path] = append(have[c.path], c)
	}
	online, reviewed := have[renew.PathOnline], have[renew.PathReviewed]
	if len(online)+len(reviewed) < o.Orders {
		return nil, nil, fmt.Errorf("%w: %d orders, and certificates left for %d online and %d reviewed ones; make more with caconsole demo --certificates N (N of each path, on new data), or lower --orders",
			ErrStock, o.Orders, len(online), len(reviewed))
	}
	n := min(int(float64(o.Orders)*o.Online+0.5), len(online))
	n = max(n, o.Orders-len(reviewed))
	r := rand.New(rand.NewPCG(o.Seed, 0)) //nolint:gosec // repeatable chance
	for _, c := range online[:n] {
		jobs = append(jobs, job{certificate: c, pay: draw(r, []string{renew.PayWeChat, renew.PayAlipay}, o.Pay)})
	}
	for _, c := range reviewed[:o.Orders-n] {
		jobs = append(jobs, job{c, draw(r, []string{renew.PayWeChat, renew.PayAlipay, renew.PayTransfer}, o.Pay), r.Float64() < o.Bad})
	}
	r.Shuffle(len(jobs), func(i, j int) { jobs[i], jobs[j] = jobs[j], jobs[i] })
	return jobs, map[string][]certificate{renew.PathOnline: online[n:], renew.PathReviewed: reviewed[o.Orders-n:]}, nil
}

// draw picks one of the ways by their weights; the first where none has any.
func draw(r *rand.Rand, ways []string, weights map[string]int) string {
	sum := 0
	for _, w := range ways {
		sum += max(weights[w], 0)
	}
	if sum == 0 {
		return ways[0]
	}
	at := r.IntN(sum)
	i := slices.IndexFunc(ways, func(w string) bool {
		at -= max(weights[w], 0)
		return at < 0
	})
	return ways[i]
}
