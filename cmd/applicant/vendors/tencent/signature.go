package tencent

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Algorithm is the only signature method the simulator takes.
const Algorithm = "TC3-HMAC-SHA256"

// tolerance is how far a request's timestamp may lie from the server's clock.
const tolerance = 5 * time.Minute

// apiError is a refusal in the cloud's own words.
type apiError struct{ Code, Message string }

func (e *apiError) Error() string { return e.Code + ": " + e.Message }

func refused(code, message string, args ...any) *apiError {
	return &apiError{code, fmt.Sprintf(message, args...)}
}

// credential is what an Authorization header claims.
type credential struct {
	secretID, date, service string
	signedHeaders           []string
	signature               string
}

// parseAuthorization reads
// TC3-HMAC-SHA256 Credential=ID/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host, Signature=hex.
func parseAuthorization(header string) (credential, *apiError) {
	rest, ok := strings.CutPrefix(header, Algorithm+" ")
	if !ok {
		return credential{}, refused("AuthFailure.InvalidAuthorization", "请求头部的 Authorization 不符合腾讯云标准。")
	}
	parts := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		parts[k] = v
	}
	scope := strings.Split(parts["Credential"], "/")
	if len(scope) != 4 || scope[3] != "tc3_request" || parts["SignedHeaders"] == "" || parts["Signature"] == "" {
		return credential{}, refused("AuthFailure.InvalidAuthorization", "请求头部的 Authorization 不符合腾讯云标准。")
	}
	return credential{scope[0], scope[1], scope[2], strings.Split(parts["SignedHeaders"], ";"), parts["Signature"]}, nil
}

// verify checks a request as the gateway does and returns the service it is scoped to.
func (c *Cloud) verify(r *http.Request, body []byte) (service string, fail *apiError) {
	cred, fail := parseAuthorization(r.Header.Get("Authorization"))
	if fail != nil {
		return "", fail
	}
	if cred.secretID != c.opt.SecretID {
		return "", refused("AuthFailure.SecretIdNotFound", "The SecretId is not found, please ensure that your SecretId is correct.")
	}
	seconds, err := strconv.ParseInt(r.Header.Get("X-TC-Timestamp"), 10, 64)
	if err != nil {
		return "", refused("MissingParameter", "The request is missing the parameter `Timestamp`.")
	}
	at := time.Unix(seconds, 0).UTC()
	if d := c.opt.Now().Sub(at); d > tolerance || d < -tolerance {
		return "", refused("AuthFailure.SignatureExpire", "签名过期，Timestamp 与服务器时间相差不得超过五分钟。")
	}
	if cred.date != at.Format(time.DateOnly) {
		return "", refused("AuthFailure.SignatureFailure", "The date in Credential is not the day of Timestamp in UTC.")
	}
	for _, must := range []string{"content-type", "host"} {
		if !slices.Contains(cred.signedHeaders, must) {
			return "", refused("AuthFailure.InvalidAuthorization", "SignedHeaders 必须包含 %s。", must)
		}
	}
	want := sign(c.opt.SecretKey, cred, seconds, canonical(r, cred.signedHeaders, body))
	if !hmac.Equal([]byte(want), []byte(cred.signature)) {
		return "", refused("AuthFailure.SignatureFailure", "The provided credentials could not be validated. Please check your signature is correct.")
	}
	return cred.service, nil
}

// canonical joins a request to the string that is hashed: method, "/" always, query, headers in lower case, their
// names, digest of the body.
func canonical(r *http.Request, signed []string, body []byte) string {
	query := ""
	if r.Method == http.MethodGet {
		query = r.URL.RawQuery
	}
	var headers strings.Builder
	for _, name := range signed {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		headers.WriteString(name + ":" + strings.ToLower(strings.TrimSpace(value)) + "\n")
	}
	sum := sha256.Sum256(body)
	return strings.Join([]string{r.Method, "/", query, headers.String(), strings.Join(signed, ";"), hex.EncodeToString(sum[:])}, "\n")
}

// sign computes the signature: a key derived from secret, day and service over algorithm, time, scope and the digest of
// the canonical request.
func sign(secretKey string, cred credential, seconds int64, canonicalRequest string) string {
	sum := sha256.Sum256([]byte(canonicalRequest))
	toSign := fmt.Sprintf("%s\n%d\n%s/%s/tc3_request\n%s", Algorithm, seconds, cred.date, cred.service, hex.EncodeToString(sum[:]))
	key := mac([]byte("TC3"+secretKey), cred.date)
	key = mac(key, cred.service)
	key = mac(key, "tc3_request")
	return hex.EncodeToString(mac(key, toSign))
}

func mac(key []byte, message string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(message))
	return h.Sum(nil)
}
