package intake

import "github.com/gofiber/fiber/v2"

// Permission says who may call a public route.
type Permission string

// The permissions of the public app.
const (
	PermPublic    Permission = "public"    // anyone, rate-limited where it costs
	PermApplicant Permission = "applicant" // Bearer token of the SMS login; sees only what it owns
	PermDriver    Permission = "driver"    // no login: each update is proved by the Ukey's own signature
)

// Route is one line of the public app.
type Route struct {
	Method, Path string
	Permission   Permission
	handle       func(*call) error
}

// Routes lists the public app's routes for the golden list.
func Routes() []Route { return (&server{}).routes() }

func (s *server) routes() []Route {
	const get, post, put, patch = fiber.MethodGet, fiber.MethodPost, fiber.MethodPut, fiber.MethodPatch
	return []Route{
		{post, "/api/v1/login/codes", PermPublic, postLoginCode},
		{post, "/api/v1/login", PermPublic, postLogin},
		{get, "/api/v1/agreements", PermPublic, getAgreements},
		{post, "/api/v1/consents", PermApplicant, postConsents},
		{post, "/api/v1/consents/withdrawals", PermApplicant, postConsentWithdrawals},
		{get, "/api/v1/certificates/:serial", PermApplicant, getCertificate},

		{post, "/api/v1/orders", PermApplicant, postOrder},
		{get, "/api/v1/orders", PermApplicant, getOrders},
		{get, "/api/v1/orders/:no", PermApplicant, getOrder},
		{patch, "/api/v1/orders/:no", PermApplicant, patchOrder},
		{post, "/api/v1/orders/:no/form-confirmations", PermApplicant, postFormConfirmation},
		{get, "/api/v1/orders/:no/application-form.pdf", PermApplicant, getApplicationForm},
		{put, "/api/v1/orders/:no/documents/:kind", PermApplicant, putDocument},
		{post, "/api/v1/orders/:no/identity-sessions", PermApplicant, postIdentitySession},
		{get, "/api/v1/orders/:no/identity", PermApplicant, getIdentity},
		{get, "/api/v1/orders/:no/identity/qr.png", PermApplicant, getIdentityQR},
		{post, "/api/v1/orders/:no/payments", PermApplicant, postPayment},
		{get, "/api/v1/orders/:no/payments/qr.png", PermApplicant, getPaymentQR},
		{post, "/api/v1/orders/:no/resubmissions", PermApplicant, postResubmission},
		{post, "/api/v1/orders/:no/withdrawals", PermApplicant, postWithdrawal},

		{post, "/api/v1/updates", PermDriver, postUpdate},
		{post, "/api/v1/updates/:id/proof", PermDriver, postUpdateProof},
		{get, "/api/v1/updates/:id", PermDriver, getUpdate},
		{get, "/api/v1/updates/:id/package", PermDriver, getUpdatePackage},
		{post, "/api/v1/updates/:id/confirmations", PermDriver, postUpdateConfirmation},

		{post, "/api/v1/callbacks/identity/:vendor", PermPublic, postIdentityCallback},
		{get, "/api/v1/callbacks/identity/:vendor", PermPublic, getIdentityReturn},
		{post, "/api/v1/callbacks/invoices/:vendor", PermPublic, postInvoiceCallback},
		{post, "/api/v1/callbacks/sms/:vendor", PermPublic, postSMSCallback},
		{post, "/api/v1/callbacks/payments/wechat", PermPublic, postWeChatNotice},
		{post, "/api/v1/callbacks/payments/alipay", PermPublic, postAlipayNotice},

		{get, "/api/v1/openapi.yaml", PermPublic, getOpenAPI},
		{get, "/inv", PermPublic, getInvoicePickup},
		{post, "/inv", PermPublic, postInvoicePickup},
		{get, "/ca/:name", PermPublic, getCACertificate},
		{get, "/crl/:name", PermPublic, getRevocationList},
		{get, "/healthz", PermPublic, getHealth},
		{get, "/readyz", PermPublic, getReady},
	}
}
