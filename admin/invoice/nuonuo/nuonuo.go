// Package nuonuo is the client of 诺诺's open platform (sdk.nuonuo.com, methods requestBillingNew, queryInvoiceResult,
// reInvoice, saveInvoiceRedConfirm and queryInvoiceRedConfirm). Its callback carries no signature and is taken as a hint to call Query, no more.
package nuonuo

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // the platform's signature is HMAC-SHA1
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"caconsole/admin/fault"
	"caconsole/admin/invoice"
	"caconsole/admin/money"
)

// Config is the account at the platform and the seller on the invoices.
type Config struct {
	URL         string // base, "https://sdk.nuonuo.com"
	AppKey      string
	AppSecret   string
	AccessToken string
	TaxNo       string // of the seller, who authorised the application
	Tel         string
	Address     string
	Account     string
	Clerk       string
	CallbackURL string
	Now         func() time.Time
}

// Client implements invoice.Vendor.
type Client struct{ c Config }

// New makes a client.
func New(c Config) *Client { return &Client{c} }

const (
	gateway     = "/open/v1/services"
	callTimeout = 5 * time.Second
	maxAnswer   = 1 << 20
	maxFile     = 10 << 20
)

// Codes of the platform. Its answers to a request begin with an E; all others come from its gateway and are about the
// caller (application, token, signature), so that the request itself was not looked at.
const (
	codeOK        = "E0000"
	codeDuplicate = "E9106" // 订单编号不能重复: this order number is known already
	codeNotFound  = "E9500"
)

// States of an invoice at the platform. 20 (开票中) and 21 (签章中) are under way.
const (
	statusDone       = "2"
	statusVoid       = "3"
	statusVoiding    = "31"
	statusFailed     = "22"
	statusSealFailed = "24"
)

var client = &http.Client{Timeout: callTimeout}

type order struct {
	BuyerName     string `json:"buyerName"`
	BuyerTaxNum   string `json:"buyerTaxNum"`
	BuyerTel      string `json:"buyerTel"`
	BuyerAddress  string `json:"buyerAddress"`
	BuyerAccount  string `json:"buyerAccount"`
	SalerTaxNum   string `json:"salerTaxNum"`
	SalerTel      string `json:"salerTel"`
	SalerAddress  string `json:"salerAddress"`
	SalerAccount  string `json:"salerAccount"`
	OrderNo       string `json:"orderNo"`
	InvoiceDate   string `json:"invoiceDate"`
	Clerk         string `json:"clerk"`
	Remark        string `json:"remark"`
	PushMode      string `json:"pushMode"`
	InvoiceType   string `json:"invoiceType"`
	InvoiceLine   string `json:"invoiceLine"`
	CallBackURL   string `json:"callBackUrl"`
	InvoiceDetail []line `json:"invoiceDetail"`
}

type line struct {
	GoodsName         string `json:"goodsName"`
	GoodsCode         string `json:"goodsCode"`
	WithTaxFlag       string `json:"withTaxFlag"`
	TaxRate           string `json:"taxRate"`
	Tax               string `json:"tax"`
	TaxExcludedAmount string `json:"taxExcludedAmount"`
	TaxIncludedAmount string `json:"taxIncludedAmount"`
}

var beijing = time.FixedZone("CST", 8*3600)

// Issue asks for an invoice; one that failed there under this number is started again. The platform pushes nothing
// itself (pushMode -1): sending is our own business.
func (c *Client) Issue(ctx context.Context, o invoice.Order) error {
	body := map[string]order{"order": {
		BuyerName: o.Buyer.Title, BuyerTaxNum: o.Buyer.TaxID, BuyerTel: o.Buyer.Phone.Reveal(), BuyerAddress: o.Buyer.Address,
		BuyerAccount: strings.TrimSpace(o.Buyer.Bank + " " + o.Buyer.Account),
		SalerTaxNum:  c.c.TaxNo, SalerTel: c.c.Tel, SalerAddress: c.c.Address, SalerAccount: c.c.Account,
		OrderNo: o.Serial, InvoiceDate: o.At.In(beijing).Format(time.DateTime), Clerk: c.c.Clerk, Remark: o.Remark,
		PushMode: "-1", InvoiceType: "1", InvoiceLine: kindOf(o.Buyer), CallBackURL: c.c.CallbackURL,
		InvoiceDetail: []line{{
			GoodsName: o.Goods.Name, GoodsCode: o.Goods.Code, WithTaxFlag: "1",
			TaxRate: fmt.Sprintf("%d.%02d", o.TaxPercent/100, o.TaxPercent%100),
			Tax:     o.Tax.String(), TaxExcludedAmount: o.Net.String(), TaxIncludedAmount: o.Total.String(),
		}},
	}}
	code, describe, err := c.call(ctx, "nuonuo.OpeMplatform.requestBillingNew", body, nil)
	switch {
	case err != nil:
		return err
	case code == codeDuplicate:
		return c.again(ctx, o.Serial)
	}
	return refusal(code, describe)
}

// kindOf is the platform's code of an invoice's kind.
func kindOf(b invoice.Buyer) string {
	if b.Kind == invoice.Special {
		return "bs" // 数电专票
	}
	return "pc" // 数电普票
}

// again has the platform try once more what failed there (reInvoice); what is under way or done is left alone.
func (c *Client) again(ctx context.Context, serial string) error {
	a, err := c.Query(ctx, serial)
	if err != nil || a.State != invoice.Failed {
		return err
	}
	code, describe, err := c.call(ctx, "nuonuo.OpeMplatform.reInvoice", map[string]string{"orderno": serial}, nil)
	if err != nil {
		return err
	}
	return refusal(code, describe)
}

func refusal(code, describe string) error {
	if code == codeOK {
		return nil
	}
	return &fault.Error{Kind: fault.Invalid, Key: "invoice_refused", Args: fault.Args{"code": code, "cause": describe}}
}

type result struct {
	SerialNo    string `json:"serialNo"`
	Status      string `json:"status"`
	StatusMsg   string `json:"statusMsg"`
	FailCause   string `json:"failCause"`
	PDFURL      string `json:"pdfUrl"`
	DigitalNo   string `json:"allElectronicInvoiceNumber"`
	InvoiceNo   string `json:"invoiceNo"`
	OrderAmount string `json:"orderAmount"` // with tax, yuan
}

// Query asks by our own number, so that it can be asked before the platform has told its own.
func (c *Client) Query(ctx context.Context, serial string) (invoice.Answer, error) {
	var found []result
	body := map[string]any{"orderNos": []string{serial}, "isOfferInvoiceDetail": "0"}
	code, describe, err := c.call(ctx, "nuonuo.OpeMplatform.queryInvoiceResult", body, &found)
	switch {
	case err != nil:
		return invoice.Answer{}, err
	case code == codeNotFound:
		return invoice.Answer{}, nil
	case code != codeOK || len(found) != 1:
		return invoice.Answer{}, down(fmt.Errorf("query: %s %s", code, describe))
	}
	return found[0].answer()
}

func (r result) answer() (invoice.Answer, error) {
	a := invoice.Answer{
		Found: true, State: invoice.Issuing, VendorSerial: r.SerialNo, PDFURL: r.PDFURL,
		Number: cmp.Or(r.DigitalNo, r.InvoiceNo), Cause: cmp.Or(r.FailCause, r.StatusMsg),
	}
	switch r.Status {
	case statusDone:
		a.State = invoice.Issued
	case statusFailed, statusSealFailed, statusVoid, statusVoiding:
		a.State = invoice.Failed
	}
	if r.OrderAmount != "" {
		var err error
		if a.Total, err = money.Parse(r.OrderAmount); err != nil {
			return invoice.Answer{}, down(err)
		}
	}
	return a, nil
}

// Fetch downloads an invoice's PDF.
func (c *Client) Fetch(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, down(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, down(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxFile+1))
	switch {
	case err != nil:
		return nil, down(err)
	case resp.StatusCode != http.StatusOK || len(raw) > maxFile || !bytes.HasPrefix(raw, []byte("%PDF-")):
		return nil, down(errors.New("the invoice's file is no PDF"))
	}
	return raw, nil
}

// call makes one signed call. An answer that is none leaves open what happened: Unavailable.
func (c *Client) call(ctx context.Context, method string, in, out any) (code, describe string, err error) {
	body, err := json.Marshal(in)
	if err != nil {
		return "", "", fault.Wrap("vendor_request", err)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	senid, nonce := random32(), nonce8()
	at := strconv.FormatInt(c.c.Now().Unix(), 10)
	q := url.Values{"senid": {senid}, "nonce": {nonce}, "timestamp": {at}, "appkey": {c.c.AppKey}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(c.c.URL, "/")+gateway+"?"+q.Encode(), bytes.NewReader(body))
	if err != nil {
		return "", "", fault.Wrap("vendor_request", err)
	}
	req.Header.Set("Content-Type", "application/json;charset=UTF-8")
	req.Header.Set("X-Nuonuo-Sign", sign(c.c.AppSecret, c.c.AppKey, senid, nonce, at, body))
	// The platform's header names are case-sensitive in its documents, so they are set as they stand there.
	req.Header["accessToken"] = []string{c.c.AccessToken}
	req.Header["userTax"] = []string{c.c.TaxNo}
	req.Header["method"] = []string{method}
	resp, err := client.Do(req)
	if err != nil {
		return "", "", down(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Code     string          `json:"code"`
		Describe string          `json:"describe"`
		Result   json.RawMessage `json:"result"`
	}
	if resp.StatusCode != http.StatusOK {
		return "", "", down(fmt.Errorf("status %d", resp.StatusCode))
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&answer); err != nil {
		return "", "", down(err)
	}
	if !strings.HasPrefix(answer.Code, "E") {
		return "", "", down(fmt.Errorf("gateway: %s %s", answer.Code, answer.Describe))
	}
	if answer.Code == codeOK && out != nil {
		if err := json.Unmarshal(answer.Result, out); err != nil {
			return "", "", down(err)
		}
	}
	return answer.Code, answer.Describe, nil
}

// sign computes X-Nuonuo-Sign by the platform's document: HMAC-SHA1, in base64, over the path's parts from the last to
// the first, the public parameters and the body byte for byte.
func sign(secret, appKey, senid, nonce, at string, body []byte) string {
	h := hmac.New(sha1.New, []byte(secret))
	_, _ = fmt.Fprintf(h, "a=services&l=v1&p=open&k=%s&i=%s&n=%s&t=%s&f=", appKey, senid, nonce, at)
	h.Write(body)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

func random32() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	return hex.EncodeToString(raw)
}

// nonce8 is a random positive number of eight digits.
func nonce8() string {
	n, err := rand.Int(rand.Reader, big.NewInt(90_000_000))
	if err != nil {
		return "10000000" // crypto/rand does not fail
	}
	return strconv.FormatInt(n.Int64()+10_000_000, 10)
}

func down(cause error) error { return fault.Down("vendor_unavailable", 10*time.Second, cause) }
