package history

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"caconsole/admin/actor"
	"caconsole/admin/board"
	"caconsole/admin/document"
	"caconsole/admin/flow"
	"caconsole/admin/idem"
	"caconsole/admin/review"
	"caconsole/cmd/applicant/paper"
	"caconsole/issuance"
	"caconsole/issuance/cert"
	"caconsole/rbac"
)

// reviewer is who looks at this story's order.
func (s *story) reviewer() actor.Actor { return s.w.who(rbac.Reviewer, s.turn) }

func (s *story) claim(ctx context.Context) error {
	_, err := s.w.flow.Claim(ctx, s.reviewer(), s.no)
	return err
}

// opinion is what a reviewer hands in who has seen the order as it is now.
func (s *story) opinion(ctx context.Context) (flow.Opinion, error) {
	c, err := s.w.flow.Case(ctx, s.reviewer(), s.no)
	return flow.Opinion{ContentVersion: c.Order.Gates.ContentVersion, ContentDigest: c.Digest}, err
}

func (s *story) approve(ctx context.Context) error {
	op, err := s.opinion(ctx)
	if err != nil {
		return err
	}
	op.Checks = review.Checks
	t, err := s.w.flow.ApproveToSign(ctx, s.reviewer(), s.no, op)
	if err != nil {
		return err
	}
	sig, err := s.w.sign(s.reviewer(), t)
	if err != nil {
		return err
	}
	return s.w.flow.Approve(ctx, s.reviewer(), s.no, op, sig)
}

// flaw is what is wrong with a form, and how it is sent back, in the words of the house's templates.
type flaw struct {
	faults   paper.Faults
	outdated bool // it was printed before a correction
	reason   string
	text     string
}

// flaws are the usual ones.
var flaws = []flaw{
	{paper.Faults{PaleStamp: true}, false, "stamp_unclear", "申请表公章不清晰，请重新盖章并扫描后上传"},
	{paper.Faults{}, true, "old_version", "申请表是更正前的旧版本，请重新打印最新版本，签名盖章后上传"},
	{paper.Faults{NoSignature: true}, false, "signature_missing", "申请表缺少经办人手写签名，请签名后重新上传"},
	{paper.Faults{WrongStamp: "深圳市沐阳川商贸有限公司"}, false, "stamp_other", "申请表公章与企业名称不一致，请加盖本单位公章后重新上传"},
	{paper.Faults{NoStamp: true}, false, "stamp_missing", "申请表没有加盖公章，请加盖红色公章后重新上传"},
	{paper.Faults{Contract: true}, false, "stamp_other", "申请表加盖的是合同专用章，请加盖单位公章后重新上传"},
	{paper.Faults{PaleStamp: true, UpsideDown: true}, false, "unreadable", "申请表上下颠倒且印章不清，请摆正后重新扫描上传"},
}

func (s *story) sendBack(ctx context.Context) error {
	op, err := s.opinion(ctx)
	if err != nil {
		return err
	}
	op.Items = []review.Item{{Kind: string(document.ApplicationForm), Reason: s.flaw.reason}}
	op.CustomerText = s.flaw.text
	return s.w.flow.SendBack(ctx, s.reviewer(), s.no, op)
}

func (s *story) reject(ctx context.Context) error {
	op, err := s.opinion(ctx)
	if err != nil {
		return err
	}
	op.CustomerText = "营业执照显示企业已注销，不符合续期条件"
	return s.w.flow.Reject(ctx, s.reviewer(), s.no, op)
}

var (
	errNoCredit = errors.New("the transfer is not among the open credits")
	openCredits = board.MatchFilter{Tab: board.TabToConfirm, Limit: 100}
)

// allocate is finance finding by hand what a transfer was for.
func (s *story) allocate(ctx context.Context) error {
	clerk := s.w.who(rbac.Finance, s.turn)
	credits, err := s.w.flow.Board.Credits(ctx, clerk, openCredits)
	if err != nil {
		return err
	}
	for _, c := range credits.Rows {
		if c.PayerName == agency && c.AmountFen == s.amount {
			_, err := s.w.flow.AllocateByHand(ctx, clerk, c.ID, s.no)
			return err
		}
	}
	return errNoCredit
}

// confirm is one issuer's signature over everything that was approved in these stories.
func (w *world) confirm(batch []*story) func(context.Context) error {
	return func(ctx context.Context) error {
		nos := make([]string, 0, len(batch))
		for _, s := range batch {
			nos = append(nos, s.no)
		}
		issuer := w.who(rbac.Issuer, w.fetches)
		t, err := w.flow.ConfirmToSign(ctx, issuer, nos)
		if err != nil {
			return err
		}
		sig, err := w.sign(issuer, t)
		if err != nil {
			return err
		}
		return w.flow.ConfirmIssue(ctx, issuer, nos, sig)
	}
}

// sign is what a person's Ukey makes of what they are asked to sign.
func (w *world) sign(a actor.Actor, t issuance.ToSign) (issuance.Signature, error) {
	key := w.StaffKeys[a.ID]
	if key == nil {
		return issuance.Signature{}, fmt.Errorf("%s has no Ukey", a.Name)
	}
	signature, err := key.Sign(rand.Reader, t.Message, sm2.DefaultSM2SignerOpts)
	return issuance.Signature{At: t.At, Kind: cert.KindSM2, Signature: signature}, err
}

// signerOut takes the signer away for a while, longer than a request may lie: what is confirmed meanwhile fails.
func (w *world) signerOut(d time.Duration) func(context.Context) error {
	return func(context.Context) error {
		w.signerBack = w.Clock.Now().Add(d)
		return nil
	}
}

// update is the driver: it asks, proves the Ukey, downloads and confirms each step.
func (s *story) update(ctx context.Context) error {
	f, driver := s.w.flow, actor.Actor{Kind: actor.Driver, Name: "driver", AllProjects: true, IP: s.me.IP}
	u, err := f.StartUpdate(ctx, driver, s.driverKey(), s.ukey.Serial, nil)
	if err != nil {
		return err
	}
	signature, err := s.ukey.Prove(u.ToSign)
	if err != nil {
		return err
	}
	token, _, err := f.ProveUpdate(ctx, driver, u.ID.String(), signature)
	if err != nil {
		return err
	}
	if _, _, err := f.UpdatePackage(ctx, u.ID.String(), token); err != nil {
		return err
	}
	for i, step := range []string{"sign_certificate", "encryption_certificate"} {
		s.w.plan(s.w.Clock.Now().Add(time.Duration(i+1)*time.Minute), "driver "+step, func(ctx context.Context) error {
			_, err := f.ConfirmUpdate(ctx, driver, u.ID.String(), token, step)
			return err
		})
	}
	return nil
}

// driverKey is the idempotency key of the driver's first call.
func (s *story) driverKey() idem.Key {
	return idem.Key{Principal: "driver:" + s.me.IP, Key: s.ukey.Serial[:12] + "update"}
}
