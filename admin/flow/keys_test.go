package flow_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"log/slog"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"caconsole/admin/actor"
	"caconsole/admin/fault"
	"caconsole/admin/flow"
	"caconsole/admin/pg"
	"caconsole/admin/seal"
	"caconsole/admin/staff"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/issuance/signer"
	"caconsole/issuance/signer/signertest"
	"caconsole/issuance/staffkey"
	"caconsole/rbac"
)

// keyHouse is a house whose key officers are staff, two of three of whom change the registry.
type keyHouse struct {
	*house
	officers []actor.Actor
	persons  []signertest.Person
	secrets  map[string]seal.Secret // of one-time codes, by login
}

func newKeyHouse(t *testing.T, change func(*signer.InitOptions)) *keyHouse {
	t.Helper()
	h := &keyHouse{house: newHouse(t), secrets: map[string]seal.Secret{}}
	for _, n := range []string{"1", "2", "3"} {
		a, p := h.employ("officer"+n, "080"+n, rbac.KeyOfficer)
		h.officers, h.persons = append(h.officers, a), append(h.persons, p)
	}
	h.people = append(h.people, h.persons...)
	var approvers []signer.Approver
	for _, p := range h.people[:len(h.people)-len(h.persons)] {
		approvers = append(approvers, p.Approver)
	}
	opt := signertest.Options(t, h.persons, approvers, earlier.Authority, h.clock.signers())
	chain, err := h.signer.Chain(t.Context())
	require.NoError(t, err)
	opt.Profile, err = cert.ParseProfile(chain.Profile) // the house knows that one
	require.NoError(t, err)
	if change != nil {
		change(&opt)
	}
	_, err = signer.Init(opt)
	require.NoError(t, err)
	e, err := signer.Open(signer.Options{Dir: opt.Dir, Now: h.clock.signers, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { _ = e.Shutdown() })
	for _, s := range signertest.OpenShares(t, opt)[:signertest.Needed] {
		_, err := e.GiveShare(t.Context(), s)
		require.NoError(t, err)
	}
	h.signer.Engine = e
	h.Staff.OnSessionEnd(h.SessionEnded)
	require.NoError(t, h.KeepAuthority(t.Context()))
	return h
}

// employ makes an account and a key that the signer does not know.
func (h *keyHouse) employ(login, no string, roles ...string) (actor.Actor, signertest.Person) {
	h.t.Helper()
	m, secret, err := h.Staff.Create(h.t.Context(), actor.Job("test"), staff.NewMember{
		Login: login, Name: "员工" + no, No: no, Roles: roles, Password: "correct horse", AllProjects: true,
	})
	require.NoError(h.t, err)
	h.secrets[login] = secret
	return actor.Actor{Kind: actor.Staff, ID: m.ID, Name: login, AllProjects: true}, signertest.NewPerson(h.t, m.ID.String(), login, no, roles...)
}

// login begins a session of a person.
func (h *keyHouse) login(a actor.Actor) (actor.Actor, string) {
	h.t.Helper()
	h.clock.move(time.Minute) // a one-time code is good once
	code, err := staff.Code(h.secrets[a.Name], h.clock.now())
	require.NoError(h.t, err)
	token, _, err := h.Staff.Login(h.t.Context(), staff.LoginInput{Login: a.Name, Password: "correct horse", Code: seal.Secret(code), IP: "10.0.0.1", UserAgent: "test", RequestID: "r"})
	require.NoError(h.t, err)
	s, _, err := h.Staff.Resume(h.t.Context(), token)
	require.NoError(h.t, err)
	a.SessionID = s.ID
	return a, token
}

// show signs a challenge with somebody's Ukey and asks for it to count.
func (h *keyHouse) show(a actor.Actor, key *sm2.PrivateKey, as string) error {
	h.t.Helper()
	ch, err := h.AskKey(h.t.Context(), a, cert.KindSM2)
	require.NoError(h.t, err)
	return h.showAgain(a, ch, key, as)
}

func (h *keyHouse) showAgain(a actor.Actor, ch staffkey.Challenge, key *sm2.PrivateKey, as string) error {
	h.t.Helper()
	der, err := cert.EncodeKey(&key.PublicKey)
	require.NoError(h.t, err)
	sig, err := key.Sign(rand.Reader, ch.Message, sm2.DefaultSM2SignerOpts)
	require.NoError(h.t, err)
	return h.EnrolUkey(h.t.Context(), a, ch.ID, as, der, sig)
}

// agree has an officer sign the open change.
func (h *keyHouse) agree(a actor.Actor) error {
	h.t.Helper()
	r, err := h.KeyRegistry(h.t.Context(), a)
	require.NoError(h.t, err)
	sum := ""
	if r.Change != nil {
		sum = r.Change.Sum.Hex()
	}
	t, err := h.RegistryToSign(h.t.Context(), a, sum)
	if err != nil {
		return err
	}
	return h.SignRegistry(h.t.Context(), a, sum, h.touch(a, t))
}

func (h *keyHouse) seq() uint64 {
	h.t.Helper()
	r, err := h.Issuance.Registry(h.t.Context(), h.DB.Read(h.t.Context()))
	require.NoError(h.t, err)
	return r.Seq
}

func refusedBy(t *testing.T, key string, err error) {
	t.Helper()
	require.True(t, fault.HasKey(err, key), "%s wanted, got %v", key, err)
}

// TestKeyIsEnrolled takes a Ukey from its request to the first verdict it signs, and to its end.
func TestKeyIsEnrolled(t *testing.T) {
	t.Parallel()
	h := newKeyHouse(t, nil)
	ctx := t.Context()
	a, _ := h.employ("reviewer9", "0909", rbac.Reviewer)
	a, _ = h.login(a)
	a.Permissions = map[string]bool{rbac.KeyEnrol: true}
	person := signertest.NewPerson(t, a.ID.String(), "reviewer9", "0909", rbac.Reviewer)
	require.NoError(t, h.show(a, person.Key, a.Name))
	refusedBy(t, "key_requested", h.show(a, person.Key, a.Name))

	refusedBy(t, "registry_change_empty", h.ComposeRegistry(ctx, h.officers[0], flow.RegistryPlan{}))
	waiting, err := h.KeyRegistry(ctx, h.officers[0])
	require.NoError(t, err)
	require.Len(t, waiting.Requests, 1)
	plan := flow.RegistryPlan{Include: []uuid.UUID{waiting.Requests[0].ID}, Years: 3}
	require.NoError(t, h.ComposeRegistry(ctx, h.officers[0], plan))
	refusedBy(t, "registry_change_open", h.ComposeRegistry(ctx, h.officers[1], plan))
	refusedBy(t, "key_request_in_change", h.RefuseKey(ctx, h.officers[0], plan.Include[0], "no"))

	refusedBy(t, "approver_role_wrong", h.agree(h.reviewer))
	require.NoError(t, h.agree(h.officers[0]))
	refusedBy(t, "registry_signed", h.agree(h.officers[0]))
	h.work()
	require.EqualValues(t, 1, h.seq(), "one of two")
	require.NoError(t, h.agree(h.officers[1]))
	refusedBy(t, "registry_complete", h.agree(h.officers[2]))
	h.signer.set(true, false)
	h.work()
	h.signer.set(false, false)
	require.NoError(t, h.SweepRegistry(ctx))
	require.EqualValues(t, 2, h.seq())

	counts, err := h.KeyCounts(ctx, a)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"/my-keys": 1}, counts, "told")
	mine, err := h.MyKeys(ctx, a)
	require.NoError(t, err)
	require.Len(t, mine.Keys, 1)
	require.Equal(t, cert.UkeyKey, mine.Keys[0].Storage)
	require.Equal(t, h.clock.now().AddDate(3, 0, 0).Year(), mine.Keys[0].Until().Year())
	counts, err = h.KeyCounts(ctx, a)
	require.NoError(t, err)
	require.Empty(t, counts, "seen")
	refusedBy(t, "key_enrolled", h.show(a, person.Key, a.Name))

	h.people = append(h.people, person)
	r := h.apply().papers().identified().awaited().paid().claimed(a)
	require.NoError(t, h.approve(a, r.no, r.opinion(a)))

	require.NoError(t, h.ComposeRegistry(ctx, h.officers[1], flow.RegistryPlan{Revoke: []string{mine.Keys[0].ID()}}))
	require.NoError(t, h.agree(h.officers[1]))
	require.NoError(t, h.agree(h.officers[2]))
	h.work()
	require.EqualValues(t, 3, h.seq())
	refusedBy(t, "key_was_revoked", h.show(a, person.Key, a.Name))
	mine, err = h.MyKeys(ctx, a)
	require.NoError(t, err)
	require.Len(t, mine.Revoked, 1)
}

// TestKeyRequestIsRefused is what a person, or somebody at their desk, cannot get to the officers.
func TestKeyRequestIsRefused(t *testing.T) {
	t.Parallel()
	h := newKeyHouse(t, nil)
	ctx := t.Context()
	a, p := h.employ("reviewer9", "0909", rbac.Reviewer)
	a, _ = h.login(a)
	ch, err := h.AskKey(ctx, a, cert.KindSM2)
	require.NoError(t, err)

	_, other := h.employ("reviewer8", "0908", rbac.Reviewer)
	refusedBy(t, "key_of_other", h.showAgain(a, ch, other.Key, "reviewer8"))
	elsewhere, _ := h.login(a)
	refusedBy(t, "key_challenge_used", h.showAgain(elsewhere, ch, p.Key, a.Name))
	wrong := ch
	wrong.Message = append([]byte("caconsole/approve/1\n"), ch.Message...)
	refusedBy(t, "key_proof_wrong", h.showAgain(a, wrong, p.Key, a.Name))
	refusedBy(t, "key_challenge_used", h.showAgain(a, ch, p.Key, a.Name)) // a wrong answer used it up
	_, err = h.AskKey(ctx, a, "rsa")
	require.Error(t, err)
	late, err := h.AskKey(ctx, a, cert.KindSM2)
	require.NoError(t, err)
	h.clock.move(6 * time.Minute)
	refusedBy(t, "key_challenge_used", h.showAgain(a, late, p.Key, a.Name))
	refusedBy(t, "key_enrolled", h.show(a, h.people[0].Key, a.Name)) // somebody's key that counts already
	key, err := x509.MarshalPKIXPublicKey(&freshP256(t).PublicKey)
	require.NoError(t, err)
	ch, err = h.AskKey(ctx, a, cert.KindSM2)
	require.NoError(t, err)
	refusedBy(t, "key_malformed", h.EnrolUkey(ctx, a, ch.ID, a.Name, key, []byte{1}))

	require.NoError(t, h.show(a, p.Key, a.Name))
	r, err := h.KeyRegistry(ctx, h.officers[0])
	require.NoError(t, err)
	id := r.Requests[0].ID
	refusedBy(t, "key_request_unknown", h.WithdrawKey(ctx, h.reviewer, id))
	ch, err = h.AskKey(ctx, a, cert.KindSM2)
	require.NoError(t, err)
	require.NoError(t, h.Staff.SetState(ctx, actor.Job("test"), a.ID, staff.Suspended))
	refusedBy(t, "key_owner_suspended", h.showAgain(a, ch, other.Key, a.Name))
	refusedBy(t, "key_owner_suspended", h.ComposeRegistry(ctx, h.officers[0], flow.RegistryPlan{Include: []uuid.UUID{id}}))
	require.True(t, fault.Is(h.RefuseKey(ctx, h.officers[0], id, ""), fault.Invalid))
	require.NoError(t, h.RefuseKey(ctx, h.officers[0], id, "人已离岗"))
	refusedBy(t, "key_request_ended", h.RefuseKey(ctx, h.officers[1], id, "again"))
	refusedBy(t, "key_request_ended", h.ComposeRegistry(ctx, h.officers[0], flow.RegistryPlan{Include: []uuid.UUID{id}}))
}

// TestRegistryMoves: a change made for a registry that moved is dropped and composed anew, without its signatures; one
// that was withdrawn is the same with them; the signer's refusal is kept; who is no longer who they were is flagged.
func TestRegistryMoves(t *testing.T) {
	t.Parallel()
	h := newKeyHouse(t, nil)
	ctx := t.Context()
	r, err := h.KeyRegistry(ctx, h.officers[0])
	require.NoError(t, err)
	two := flow.RegistryPlan{Revoke: []string{r.Keys[0].ID(), r.Keys[1].ID()}}
	require.NoError(t, h.ComposeRegistry(ctx, h.officers[0], two))
	require.NoError(t, h.agree(h.officers[0]))
	open, err := h.KeyRegistry(ctx, h.officers[0])
	require.NoError(t, err)
	require.NoError(t, h.WithdrawRegistry(ctx, h.officers[1], open.Change.Sum.Hex()))
	refusedBy(t, "registry_change_ended", h.WithdrawRegistry(ctx, h.officers[1], open.Change.Sum.Hex()))
	require.NoError(t, h.ComposeRegistry(ctx, h.officers[1], two))
	again, err := h.KeyRegistry(ctx, h.officers[0])
	require.NoError(t, err)
	require.True(t, again.Change.Mine, "a signature cannot be taken back")

	// Elsewhere, with another console, the officers revoke one of the two.
	state, err := h.signer.Registry(ctx)
	require.NoError(t, err)
	_, err = h.signer.ChangeRegistry(ctx, signertest.Change(t, state.Registry, h.persons[:2], h.clock.signers(), nil, r.Keys[0].ID()))
	require.NoError(t, err)
	require.NoError(t, h.agree(h.officers[2]))
	h.work()
	moved, err := h.KeyRegistry(ctx, h.officers[0])
	require.NoError(t, err)
	require.EqualValues(t, 2, moved.Registry.Seq)
	require.Equal(t, []string{r.Keys[1].ID()}, moved.Change.Revoke)
	require.Empty(t, moved.Change.Signed)

	h.Registrar = refusing{h.signer}
	require.NoError(t, h.agree(h.officers[0]))
	require.NoError(t, h.agree(h.officers[1]))
	h.work()
	require.NoError(t, h.SweepRegistry(ctx))
	refusal, err := h.KeyRegistry(ctx, h.officers[0])
	require.NoError(t, err)
	require.Equal(t, "approver_key_expired", refusal.Change.Refusal.Key)
	require.Equal(t, "officer1", refusal.Change.Refusal.Args["login"])

	require.NoError(t, h.Staff.SetState(ctx, actor.Job("test"), h.issuer.ID, staff.Suspended))
	flagged, err := h.KeyRegistry(ctx, h.officers[0])
	require.NoError(t, err)
	differs := map[string]string{}
	for _, k := range flagged.Keys {
		if k.Differs != "" {
			differs[k.Login] = k.Differs
		}
	}
	require.Equal(t, map[string]string{h.issuer.Name: "suspended"}, differs)
}

// refusing is a signer that takes no change.
type refusing struct{ flow.Registrar }

func (refusing) ChangeRegistry(context.Context, cert.RegistryOrder) (cert.RegistryState, error) {
	return cert.RegistryState{}, fault.New(fault.Forbidden, "approver_key_expired", fault.Args{"login": "officer1"})
}

func freshP256(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

// shift is a reviewer with a passkey at a browser that made a key.
type shift struct {
	*keyHouse
	a       actor.Actor
	token   string
	passkey signertest.Passkey
	key     *ecdsa.PrivateKey
	id      uuid.UUID
}

func (h *keyHouse) beginShift(login, no string) *shift {
	h.t.Helper()
	a, p := h.employ(login, no, rbac.Reviewer)
	s := &shift{keyHouse: h, passkey: signertest.NewPasskey(h.t, p, h.clock.now())}
	state, err := h.signer.Registry(h.t.Context())
	require.NoError(h.t, err)
	_, err = h.signer.ChangeRegistry(h.t.Context(), signertest.Change(h.t, state.Registry, h.persons[:2], h.clock.signers(), []cert.StaffKey{s.passkey.Person}))
	require.NoError(h.t, err)
	require.NoError(h.t, h.KeepAuthority(h.t.Context()))
	s.a, s.token = h.login(a)
	s.delegate()
	return s
}

func (s *shift) offer() issuance.DelegationOffer {
	s.t.Helper()
	s.key = freshP256(s.t)
	der, err := x509.MarshalPKIXPublicKey(&s.key.PublicKey)
	require.NoError(s.t, err)
	o, err := s.OfferDelegation(s.t.Context(), s.a, der)
	require.NoError(s.t, err)
	return o
}

func (s *shift) delegate() {
	s.t.Helper()
	o := s.offer()
	w, sig := s.passkey.Touch(s.t, o.Message)
	until, err := s.Delegate(s.t.Context(), s.a, o.ID, w, sig)
	require.NoError(s.t, err)
	require.False(s.t, until.After(s.clock.now().Add(cert.MaxDelegation)))
	s.id = o.ID
}

// verdict signs 通过 with the browser's key.
func (s *shift) verdict(by actor.Actor, r *renewal) error {
	s.t.Helper()
	t, err := s.ApproveToSign(s.t.Context(), by, r.no, r.opinion(s.a))
	require.NoError(s.t, err)
	sum := sha256.Sum256(t.Message)
	x, y, err := ecdsa.Sign(rand.Reader, s.key, sum[:])
	require.NoError(s.t, err)
	return s.Approve(s.t.Context(), by, r.no, r.opinion(s.a), issuance.Signature{
		At: t.At, Kind: cert.KindDelegated, Signature: append(x.FillBytes(make([]byte, 32)), y.FillBytes(make([]byte, 32))...), Delegation: s.id.String(),
	})
}

// over tells whether the signer knows that the delegation has ended.
func (s *shift) over() bool {
	s.t.Helper()
	return read[bool](s.house, `SELECT ended_at IS NOT NULL AND told_at IS NOT NULL FROM staff_delegation WHERE id = ?`, s.id)
}

// TestShift: a delegated key's verdict is issued by a real signer; in another session, after its end or its time it
// counts for nothing.
func TestShift(t *testing.T) {
	t.Parallel()
	h := newKeyHouse(t, nil)
	s := h.beginShift("reviewer9", "0909")
	keys, err := h.SigningKeys(t.Context(), s.a, cert.DutyReview)
	require.NoError(t, err)
	require.Equal(t, s.id.String(), keys.Delegation)
	keys, err = h.SigningKeys(t.Context(), s.a, cert.DutyIssue)
	require.NoError(t, err)
	require.Empty(t, keys.Delegation, "an issuer's confirmation is never delegated")

	r := h.apply().papers().identified().awaited().paid().claimed(s.a)
	elsewhere := s.a
	elsewhere.SessionID = uuid.New()
	refusedBy(t, "delegation_forbidden", s.verdict(elsewhere, r))
	require.NoError(t, s.verdict(s.a, r))
	r.confirmed()
	h.work()
	require.Equal(t, 1, r.newPairs())

	r = h.apply().papers().identified().awaited().paid().claimed(s.a)
	before := s.id
	s.delegate() // again: the earlier one ends
	require.NotEqual(t, before, s.id)
	h.signer.set(true, false)
	require.NoError(t, h.EndDelegation(t.Context(), s.a))
	refusedBy(t, "delegation_revoked", s.verdict(s.a, r))
	h.work()
	require.False(t, s.over(), "the signer is away")
	h.signer.set(false, false)
	require.NoError(t, h.SweepDelegations(t.Context()))
	require.True(t, s.over())
}

// TestShiftEnds with its session, however that ends, in one transaction; the signer is told.
func TestShiftEnds(t *testing.T) {
	t.Parallel()
	h := newKeyHouse(t, nil)
	ended := func(s *shift) string {
		return read[string](h.house, `SELECT ended_why FROM staff_delegation WHERE id = ?`, s.id)
	}
	one := h.beginShift("reviewer7", "0907")
	require.NoError(t, h.Staff.Logout(t.Context(), one.a, one.token))
	require.Equal(t, issuance.DelegationSessionOver, ended(one))
	h.work()
	require.True(t, one.over())

	two := h.beginShift("reviewer8", "0908")
	require.NoError(t, h.Staff.SetState(t.Context(), actor.Job("test"), two.a.ID, staff.Suspended))
	require.Equal(t, issuance.DelegationSuspended, ended(two))

	three := h.beginShift("reviewer9", "0909")
	h.tx(func(_ context.Context, tx pg.Tx) error {
		return tx.Gorm().Exec(`UPDATE staff SET on_duty = false WHERE id = ?`, three.a.ID).Error
	})
	require.NoError(t, h.SweepDelegations(t.Context()))
	require.Equal(t, issuance.DelegationOffDuty, ended(three))
	require.True(t, three.over())

	four := h.beginShift("reviewer6", "0906")
	h.clock.move(31 * time.Minute) // nobody at the desk
	require.NoError(t, h.SweepDelegations(t.Context()))
	require.Equal(t, issuance.DelegationSessionOver, ended(four))
}

// TestShiftIsRefused: no passkey's signature, no delegation.
func TestShiftIsRefused(t *testing.T) {
	t.Parallel()
	h := newKeyHouse(t, nil)
	s := h.beginShift("reviewer9", "0909")
	ctx := t.Context()
	for name, c := range map[string]struct {
		change func(*signertest.Passkey, *issuance.DelegationOffer, *actor.Actor)
		want   string
	}{
		"another message": {func(_ *signertest.Passkey, o *issuance.DelegationOffer, _ *actor.Actor) {
			o.Message = []byte("caconsole/approve/1\n")
		}, "signature_wrong"},
		"another page": {func(p *signertest.Passkey, _ *issuance.DelegationOffer, _ *actor.Actor) {
			p.Origin = "https://evil.example"
		}, "assertion_origin_wrong"},
		"nobody there":     {func(p *signertest.Passkey, _ *issuance.DelegationOffer, _ *actor.Actor) { p.Unverified = true }, "assertion_unverified_user"},
		"another person":   {func(_ *signertest.Passkey, _ *issuance.DelegationOffer, a *actor.Actor) { a.ID = h.reviewer.ID }, "delegation_forbidden"},
		"another session":  {func(_ *signertest.Passkey, _ *issuance.DelegationOffer, a *actor.Actor) { a.SessionID = uuid.New() }, "delegation_forbidden"},
		"no offer of ours": {func(_ *signertest.Passkey, o *issuance.DelegationOffer, _ *actor.Actor) { o.ID = uuid.New() }, "delegation_forbidden"},
		"signed before":    {func(_ *signertest.Passkey, o *issuance.DelegationOffer, _ *actor.Actor) { o.ID = s.id }, "delegation_kept"},
	} {
		o, p, a := s.offer(), s.passkey, s.a
		c.change(&p, &o, &a)
		w, sig := p.Touch(t, o.Message)
		_, err := h.Delegate(ctx, a, o.ID, w, sig)
		require.True(t, fault.HasKey(err, c.want), "%s: %v", name, err)
	}
	der, err := x509.MarshalPKIXPublicKey(&s.passkey.Key.PublicKey)
	require.NoError(t, err)
	_, err = h.OfferDelegation(ctx, s.a, der)
	refusedBy(t, "delegation_malformed", err) // a key of the registry is no key of a browser
	_, err = h.OfferDelegation(ctx, h.reviewer, der)
	require.Error(t, err)

	only := newKeyHouse(t, func(o *signer.InitOptions) { o.SM2Only, o.Party = true, cert.RelyingParty{} })
	a, _ := only.employ("reviewer9", "0909", rbac.Reviewer)
	a, _ = only.login(a)
	_, err = only.OfferDelegation(ctx, a, der)
	refusedBy(t, "passkeys_forbidden", err)
	_, err = only.AskKey(ctx, a, cert.KindWebAuthn)
	refusedBy(t, "passkeys_forbidden", err)
}

func (w *wire) ChangeRegistry(ctx context.Context, in cert.RegistryOrder) (cert.RegistryState, error) {
	if down, _ := w.state(); down {
		return cert.RegistryState{}, errSignerDown
	}
	return w.Engine.ChangeRegistry(ctx, in)
}

func (w *wire) EndDelegation(ctx context.Context, in cert.DelegationEnd) (cert.Ended, error) {
	if down, _ := w.state(); down {
		return cert.Ended{}, errSignerDown
	}
	return w.Engine.EndDelegation(ctx, in)
}
