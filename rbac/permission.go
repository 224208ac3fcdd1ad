// Package rbac says what each role may do.
//
// The rules lie in the table casbin_rule and are evaluated by Casbin. Each process keeps what follows from them for
// every role and is told by the database when they change. What depends on the case itself (four eyes, whose project)
// is not here but in the code that acts.
package rbac

// The permissions, "noun:verb". Every staff route names one.
const (
	HomeView          = "home:view"
	QueueView         = "queue:view"
	CaseView          = "case:view"
	CaseClaim         = "case:claim"
	CaseDecide        = "case:decide"
	CaseReveal        = "case:reveal" // one masked field, with a reason, audited
	DocumentView      = "document:view"
	IdentityView      = "identity:view"
	OrderSearch       = "order:search"
	OrderRefund       = "order:refund"  // after signing, with the new pair revoked
	OrderUnblock      = "order:unblock" // override 一次一张, with a reason, audited
	StatementView     = "statement:view"
	StatementImport   = "statement:import"
	MatchingView      = "matching:view"
	MatchingAllocate  = "matching:allocate"
	IssuanceView      = "issuance:view"
	IssuanceConfirm   = "issuance:confirm"
	IssuanceManual    = "issuance:manual" // open an order by hand, and be the second to sign one
	CertificateView   = "certificate:view"
	CertificateRevoke = "certificate:revoke" // either of the two signatures
	InvoiceView       = "invoice:view"
	InvoiceResend     = "invoice:resend"
	HotlineView       = "hotline:view"
	UpdateDecide      = "update:decide" // what becomes of a renewal nobody fetches
	AuditView         = "audit:view"
	AuditVerify       = "audit:verify"
	StaffView         = "staff:view"
	StaffManage       = "staff:manage"
	ProjectView       = "project:view"
	ProjectManage     = "project:manage"
	KeyEnrol          = "key:enrol"       // ask for a key of one's own to count
	ProfileView       = "profile:view"    // by what certificates are made
	ProfileChange     = "profile:change"  // change it, and be the second to sign a change
	RegistryView      = "registry:view"   // whose keys the signer counts
	SignerView        = "signer:view"     // whether it signs, and what does not agree with its journal
	RegistryChange    = "registry:change" // compose a change of it, and sign one
)

// All lists every permission.
func All() []string {
	return []string{
		HomeView, QueueView, CaseView, CaseClaim, CaseDecide, CaseReveal, DocumentView, IdentityView, OrderSearch, OrderUnblock,
		StatementView, StatementImport, MatchingView, MatchingAllocate, IssuanceView, IssuanceConfirm, IssuanceManual, CertificateView, CertificateRevoke, OrderRefund,
		InvoiceView, InvoiceResend, HotlineView, UpdateDecide, AuditView, AuditVerify, StaffView, StaffManage, ProjectView, ProjectManage,
		KeyEnrol, ProfileView, ProfileChange, RegistryView, SignerView, RegistryChange,
	}
}
