package issuance

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/google/uuid"

	"caconsole/admin/fault"
	"caconsole/admin/pg"
	"caconsole/issuance/cert"
)

// Sizes of a step of a comparison.
const (
	recordsAtOnce = 500
	pairsAtOnce   = 500
	serialsAtOnce = 5000
)

// headEvery is how often the head of a growing journal is kept that nothing else keeps.
const headEvery = time.Minute

// heads are all heads that are held of the current authority's journal. What another authority's signer has answered was
// before this one was heard of.
const heads = `SELECT seq, head, 'status' AS what, '' AS id FROM signer_head WHERE authority = @authority
	UNION ALL SELECT signer_seq, signer_head, CASE state WHEN 'recorded' THEN 'request' ELSE 'closed' END, id::text FROM issuance_request
		WHERE signer_seq IS NOT NULL AND signer_head IS NOT NULL AND changed_at >= @since
	UNION ALL SELECT signer_seq, signer_head, 'revocation', revocation_id::text FROM revocation_state WHERE signer_seq IS NOT NULL AND revoked_at >= @since
	UNION ALL SELECT signer_seq, signer_head, 'list', '' FROM crl WHERE authority = @authority`

// heldBy names the current authority for heads.
func heldBy(q pg.Q) (map[string]any, Authority, error) {
	by, err := authority(q, "current")
	if err != nil {
		return nil, by, err
	}
	var since []time.Time
	if err := q.Gorm().Model(&authorityRow{}).Where("sm3 = ?", by.sm3).Pluck("created_at", &since).Error; err != nil {
		return nil, by, pg.Fault(err)
	}
	return map[string]any{"authority": by.sm3, "since": since[0]}, by, nil
}

// lastHead is the head with the highest number that is held.
func lastHead(q pg.Q, args map[string]any) (uint64, error) {
	var seq uint64
	err := q.Gorm().Raw(`SELECT greatest(
		(SELECT max(seq) FROM signer_head WHERE authority = @authority),
		(SELECT max(signer_seq) FROM issuance_request WHERE signer_seq IS NOT NULL AND changed_at >= @since),
		(SELECT max(signer_seq) FROM revocation_state WHERE signer_seq IS NOT NULL AND revoked_at >= @since),
		(SELECT max(signer_seq) FROM crl WHERE authority = @authority), 0)`, args).Scan(&seq).Error
	return seq, pg.Fault(err)
}

// LastHead tells the number of the last record of the journal whose head is held. What is asked for afterwards must
// not lie before it. 0 before the signer was first heard.
func (s *Service) LastHead(_ context.Context, q pg.Q) (uint64, error) {
	args, _, err := heldBy(q)
	if fault.HasKey(err, "signer_unknown") {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return lastHead(q, args)
}

// KeepHead stores the head of an answer that nothing else keeps, one a minute at most, and reports a head under whose
// number another is held, or one that lies before LastHead as it was before the question.
func (s *Service) KeepHead(_ context.Context, tx pg.Tx, last uint64, h cert.JournalHead) error {
	args, by, err := heldBy(tx)
	if fault.HasKey(err, "signer_unknown") {
		return nil
	}
	if err != nil {
		return err
	}
	sum, err := cert.ParseDigest(h.Head)
	if err != nil {
		return fault.Wrap("signer_answer_wrong", err)
	}
	if h.Seq < last {
		return s.report(tx, by, []Finding{{Kind: FindingCut, Subject: "head", Detail: fmt.Sprintf("it ends with %d, held is %d", h.Seq, last)}})
	}
	args["seq"] = h.Seq
	var held []head
	if err := tx.Gorm().Raw("SELECT * FROM ("+heads+") h WHERE seq = @seq", args).Scan(&held).Error; err != nil {
		return pg.Fault(err)
	}
	for _, k := range held {
		if !bytes.Equal(k.Head, sum[:]) {
			return s.report(tx, by, []Finding{{Kind: FindingHead, Subject: fmt.Sprint(h.Seq), Detail: fmt.Sprintf("of a %s: %x was told, now %s", k.What, k.Head, h.Head)}})
		}
	}
	if len(held) > 0 {
		return nil
	}
	return pg.Fault(tx.Gorm().Exec(`INSERT INTO signer_head (authority, seq, head, created_at) SELECT ?, ?, ?, ?
		WHERE NOT EXISTS (SELECT 1 FROM signer_head WHERE authority = ? AND created_at > ?) ON CONFLICT DO NOTHING`,
		by.sm3, h.Seq, sum[:], s.now(), by.sm3, s.now().Add(-headEvery)).Error)
}

// CheckStep compares one step further and returns how far it is now, and what does not agree. It changes nothing. Not to
// be called inside a transaction. Fails with Unavailable where the signer does not answer or is unknown.
func (s *Service) CheckStep(ctx context.Context, q pg.Q, c Check) (Check, []Finding, error) {
	var found []Finding
	args, by, err := heldBy(q)
	if err != nil {
		return c, nil, err
	}
	next := c
	switch c.Phase {
	case phaseJournal:
		next, found, err = s.checkRecords(ctx, q, c, args)
	case phasePairs:
		next, found, err = s.checkPairs(q, c, by)
	case phaseLists:
		next, found, err = s.checkLists(ctx, q, c, by)
	}
	if err != nil {
		return c, nil, err
	}
	next.Counts.Findings += len(found)
	next.MovedAt = s.now()
	if next.Done() {
		next.EndedAt = next.MovedAt
	}
	return next, found, nil
}

// checkRecords compares a page of the journal with the database, and what the database holds under its numbers with it.
func (s *Service) checkRecords(ctx context.Context, q pg.Q, c Check, args map[string]any) (Check, []Finding, error) {
	last, err := lastHead(q, args) // before the question: the journal only grows
	if err != nil {
		return c, nil, err
	}
	page, err := s.ledger.Journal(ctx, cert.JournalQuery{From: c.Seq, Limit: recordsAtOnce})
	if err != nil {
		return c, nil, err
	}
	cmp := &comparison{facts: map[uint64]cert.JournalFact{}, counts: &c.Counts}
	if page.Seq < last {
		cmp.report(FindingCut, "head", "it ends with %d, held is %d", page.Seq, last)
	}
	if len(page.Facts) == 0 {
		c.Phase = phasePairs
		return c, cmp.found, nil
	}
	for i, f := range page.Facts {
		if f.Seq != c.Seq+uint64(i) {
			return c, nil, fault.Wrap("signer_answer_wrong", fmt.Errorf("record %d where %d belongs", f.Seq, c.Seq+uint64(i)))
		}
		cmp.facts[f.Seq] = f
	}
	args["from"], args["to"] = c.Seq, c.Seq+uint64(len(page.Facts))
	if err := cmp.load(q, page.Facts, args); err != nil {
		return c, nil, err
	}
	for _, f := range page.Facts {
		cmp.fact(f)
	}
	var held []head
	if err := q.Gorm().Raw("SELECT * FROM ("+heads+") h WHERE seq >= @from AND seq < @to", args).Scan(&held).Error; err != nil {
		return c, nil, pg.Fault(err)
	}
	for _, h := range held {
		cmp.held(h)
	}
	c.Seq += uint64(len(page.Facts))
	return c, cmp.found, nil
}

// load reads what the database has of a page.
func (c *comparison) load(q pg.Q, facts []cert.JournalFact, args map[string]any) error {
	requests, revocations, numbers := []string{}, []string{}, []uint64{}
	for _, f := range facts {
		switch f.Kind {
		case cert.FactIntent, cert.FactIssued, cert.FactClosed:
			requests = append(requests, f.ID)
		case cert.FactRevoked:
			revocations = append(revocations, f.ID)
		case cert.FactList:
			numbers = append(numbers, f.Number)
		}
	}
	if err := c.loadRequests(q, requests); err != nil {
		return err
	}
	c.revocations, c.lists = map[string]revocationOf{}, map[uint64]crlRow{}
	var revoked []struct {
		ID string
		revocationOf
	}
	err := q.Gorm().Raw(`SELECT r.id::text AS id, r.digest, s.state, p.state AS pair_state FROM revocation r JOIN revocation_state s ON s.revocation_id = r.id
		JOIN certificate_state p ON p.pair_id = r.pair_id WHERE r.id::text IN ?`, append(revocations, "")).Scan(&revoked).Error
	if err != nil {
		return pg.Fault(err)
	}
	for _, r := range revoked {
		c.revocations[r.ID] = r.revocationOf
	}
	var lists []crlRow
	if err := q.Gorm().Omit("der").Where("authority = ? AND number IN ?", args["authority"], append(numbers, 0)).Find(&lists).Error; err != nil {
		return pg.Fault(err)
	}
	for _, l := range lists {
		c.lists[l.Number] = l
	}
	return pg.Fault(q.Gorm().Raw("SELECT coalesce(max(number), 0) FROM crl WHERE authority = @authority", args).Scan(&c.lastList).Error)
}

func (c *comparison) loadRequests(q pg.Q, ids []string) error {
	c.requests = map[string]requestOf{}
	var valid []uuid.UUID
	for _, id := range ids {
		if u, err := uuid.Parse(id); err == nil {
			valid = append(valid, u)
		}
	}
	if len(valid) == 0 {
		return nil
	}
	var rows []requestRow
	if err := q.Gorm().Omit("canonical").Where("id IN ?", valid).Find(&rows).Error; err != nil {
		return pg.Fault(err)
	}
	var pairs []uuid.UUID
	for _, r := range rows {
		if r.NewPairID != nil {
			pairs = append(pairs, *r.NewPairID)
		}
	}
	sums := map[uuid.UUID][]string{}
	if len(pairs) > 0 {
		var certs []certificateRow
		if err := q.Gorm().Select("pair_id", "kind", "der").Where("pair_id IN ?", pairs).Order("pair_id, kind DESC").Find(&certs).Error; err != nil { // sign first
			return pg.Fault(err)
		}
		for _, x := range certs {
			sums[x.PairID] = append(sums[x.PairID], cert.SM3(x.DER).Hex()) // of the bytes that are handed out, not of what a column says
		}
	}
	for _, r := range rows {
		of := requestOf{requestRow: r}
		if r.NewPairID != nil {
			of.certificates = sums[*r.NewPairID]
		}
		c.requests[r.ID.String()] = of
	}
	return nil
}

// checkPairs looks for pairs that this CA signed and no request led to.
func (s *Service) checkPairs(q pg.Q, c Check, by Authority) (Check, []Finding, error) {
	ca, err := smx509.ParseCertificate(by.CA)
	if err != nil {
		return c, nil, fault.Wrap("certificate_unreadable", err)
	}
	var rows []certificateRow
	err = q.Gorm().Select("pair_id", "serial", "der").Where(`pair_id IN (SELECT p.pair_id FROM certificate_state p WHERE p.pair_id > ?
		AND NOT EXISTS (SELECT 1 FROM issuance_request r WHERE r.new_pair_id = p.pair_id) ORDER BY p.pair_id LIMIT ?)`, c.Pair, pairsAtOnce).
		Order("pair_id").Find(&rows).Error
	if err != nil {
		return c, nil, pg.Fault(err)
	}
	if len(rows) == 0 {
		c.Phase = phaseLists
		return c, nil, nil
	}
	cmp := comparison{}
	for _, r := range rows {
		if r.PairID != c.Pair {
			c.Counts.Pairs++
		}
		c.Pair = r.PairID
		x, err := smx509.ParseCertificate(r.DER)
		switch {
		case err != nil:
			cmp.report(FindingUnreadable, string(r.Serial), "%v", err)
		case bytes.Equal(x.RawIssuer, ca.RawSubject) && x.CheckSignatureFrom(ca) == nil:
			cmp.report(FindingPairUnknown, string(r.Serial), "pair %s", r.PairID)
		}
	}
	return c, cmp.found, nil
}

// checkLists compares revocations, the states of pairs and the last list.
func (s *Service) checkLists(ctx context.Context, q pg.Q, c Check, by Authority) (Check, []Finding, error) {
	c.Phase = CheckDone
	cmp := &comparison{}
	var marked []string
	err := q.Gorm().Raw(`SELECT p.pair_id::text FROM certificate_state p JOIN issuance_request r ON r.new_pair_id = p.pair_id
		WHERE p.state = 'revoked' AND NOT EXISTS (SELECT 1 FROM revocation_state v WHERE v.pair_id = p.pair_id AND v.state = 'revoked')
		LIMIT 100`).Scan(&marked).Error
	if err != nil {
		return c, nil, pg.Fault(err)
	}
	for _, id := range marked {
		cmp.report(FindingUnrevoked, id, "no revocation")
	}
	l, err := s.LastList(ctx, q)
	if fault.HasKey(err, "crl_unknown") {
		return c, cmp.found, nil
	}
	if err != nil {
		return c, nil, err
	}
	on, err := onList(l, by)
	if err != nil {
		return c, nil, err
	}
	c.Counts.Listed = len(on)
	// What was revoked before the list was made and had not run out stands on it.
	var revoked []string
	err = q.Gorm().Raw(`SELECT x.serial FROM revocation_state v JOIN certificate x ON x.pair_id = v.pair_id
		WHERE v.state = 'revoked' AND v.revoked_at < ? AND x.not_after > ?`, l.ThisUpdate, l.ThisUpdate).Scan(&revoked).Error
	if err != nil {
		return c, nil, pg.Fault(err)
	}
	for _, serial := range revoked {
		if !on[cert.Serial(serial)] {
			cmp.report(FindingNotListed, serial, "list %d", l.Number)
		}
	}
	return c, cmp.found, cmp.listed(q, on, l.Number)
}

func onList(l List, by Authority) (map[cert.Serial]bool, error) {
	ca, err := smx509.ParseCertificate(by.CA)
	if err != nil {
		return nil, fault.Wrap("certificate_unreadable", err)
	}
	parsed, err := cert.ParseRevocationList(l.DER, ca)
	if err != nil {
		return nil, err
	}
	on := make(map[cert.Serial]bool, len(parsed.Entries))
	for _, e := range parsed.Entries {
		on[e.Serial] = true
	}
	return on, nil
}

// listed looks for what stands on the list and was not revoked: by two persons, or as an intent that was never answered.
func (c *comparison) listed(q pg.Q, on map[cert.Serial]bool, number uint64) error {
	all := make([]string, 0, len(on))
	for serial := range on {
		all = append(all, string(serial))
	}
	for some := range slices.Chunk(all, serialsAtOnce) {
		var known []string
		err := q.Gorm().Raw(`SELECT x.serial FROM certificate x JOIN certificate_state p ON p.pair_id = x.pair_id WHERE x.serial IN @s AND (p.state = 'revoked'
				OR EXISTS (SELECT 1 FROM revocation_state v WHERE v.pair_id = p.pair_id AND v.state IN ('approved', 'revoked')))
			UNION ALL SELECT unnest(ARRAY[sign_serial, enc_serial]) FROM issuance_request WHERE state <> 'recorded' AND (sign_serial IN @s OR enc_serial IN @s)`,
			map[string]any{"s": some}).Scan(&known).Error
		if err != nil {
			return pg.Fault(err)
		}
		fine := map[string]bool{}
		for _, serial := range known {
			fine[serial] = true
		}
		for _, serial := range some {
			if !fine[serial] {
				c.report(FindingListed, serial, "list %d", number)
			}
		}
	}
	return nil
}
