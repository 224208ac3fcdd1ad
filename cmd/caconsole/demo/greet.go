package demo

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"caconsole/admin/seal"
)

// greet tells the person at the terminal what there is.
func (d *demo) greet(e environment) error {
	rows, err := readTable(d.file(staffFile))
	if err != nil {
		return err
	}
	d.say("ready")
	w := tabwriter.NewWriter(d.Out, 0, 0, 2, ' ', 0)
	print := func(format string, args ...any) {
		if err == nil {
			_, err = fmt.Fprintf(w, format, args...)
		}
	}
	print("\n演示环境 · demo\n\n  %s\n\n", e.console)
	print("  login\tpassword\tone-time code (TOTP secret)\n")
	for _, r := range rows {
		print("  %s\t%s\t%s\n", r["login"], r["password"], r["totp_secret"])
	}
	print("\n  The current code of a login: caconsole staff code LOGIN\n")
	print("  通过 and 确认签发 are signed by the Ukey agent at http://%s with the keys in %s\n", e.agent, d.file(staffKeysFolder))
	print("  A renewal from the applicant's side: applicant renew --base %s --ukeys %s --serial S, serials in %s\n",
		e.console, d.file("ukeys"), d.file("certificates.tsv"))
	print("  Payment codes of WeChat Pay and Alipay are paid at http://%s/_sim/pay\n", e.vendors)
	print("  Statements to import: %s · messages sent: %s · logs: %s\n", d.file("statements"), d.path("outbox"), d.path("log"))
	print("\nCtrl-C stops everything; the next start finds its data again.\n")
	if err != nil {
		return err
	}
	return w.Flush()
}

// OneTimeSecret is the secret of an account's one-time codes in the demo of a data folder.
func OneTimeSecret(data, login string) (seal.Secret, error) {
	file := folder(data).file(staffFile)
	rows, err := readTable(file)
	if err != nil {
		return "", err
	}
	for _, r := range rows {
		if r["login"] == login {
			return seal.Secret(r["totp_secret"]), nil
		}
	}
	return "", fmt.Errorf("no login %q in %s", login, file)
}

// readTable reads a table of writeTable.
func readTable(path string) ([]map[string]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	lines.Scan()
	names := strings.Split(lines.Text(), "\t")
	var rows []map[string]string
	for lines.Scan() {
		row := map[string]string{}
		for i, v := range strings.Split(lines.Text(), "\t") {
			row[names[i]] = v
		}
		rows = append(rows, row)
	}
	return rows, lines.Err()
}
