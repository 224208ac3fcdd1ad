package match

import (
	"time"

	"github.com/google/uuid"

	"caconsole/admin/money"
)

// Weights of the evidence, after the reference model. They only rank: no score makes a proposal auto. (A guess, to be
// calibrated on decided lines.)
const (
	scoreRef     = 50
	scoreClaim   = 30
	scoreHolder  = 20
	scoreExact   = 15
	scoreWindow  = 5
	scoreAgainst = -100
)

// Days in which the money for an order usually comes, from the day it began to be awaited.
const (
	windowBefore = 3
	windowAfter  = 30
)

// judge weighs one line against one order.
func (ix *index) judge(l Line, p pair, pairs map[uuid.UUID][]pair) Proposal {
	o := ix.orders[p.order]
	v := verdict{Proposal: Proposal{Line: l.ID, Order: o.ID, Amount: min(l.Open, o.Due)}, auto: true}
	v.evidence(p.ref, "ref", scoreRef, Missing)
	v.evidence(p.holder, "holder", scoreHolder, Against)
	v.evidence(l.Open == o.Due, "amount", scoreExact, Against)
	v.evidence(p.claim, "claim", scoreClaim, Missing)
	if inWindow(l.On, o.Since) {
		v.Score += scoreWindow
	}
	v.require(p.ref || p.claim)
	v.require(p.holder && l.Open == o.Due)
	v.require(l.Whole && o.Whole)
	v.against(p.claim && p.shared, "voucher_shared")
	if ix.otherRef(l, o) {
		v.against(true, "other_ref")
		if !p.ref { // the remark means another order, not this one too
			v.Score += scoreAgainst
		}
	}
	v.against(l.On.Before(o.Since), "before_order")
	v.against(l.Decided, "decided")
	v.against(ix.lineCount[o.ID] > 1, "other_line")
	v.against(ix.otherOrder(l, o, pairs[l.ID]), "other_order")
	if v.auto { // only then worth computing
		v.against(!onlySum(ix.dues(l.Payer), l.Open), "other_sum")
	}
	v.Auto = v.auto
	return v.Proposal
}

// verdict collects reasons; anything against ends the auto match.
type verdict struct {
	Proposal
	auto bool
}

func (v *verdict) require(ok bool) { v.auto = v.auto && ok }

// evidence notes one of the four basic facts, or its absence as missing or as an objection.
func (v *verdict) evidence(ok bool, key string, score int, otherwise Weight) {
	if ok {
		v.Score += score
		v.Reasons = append(v.Reasons, Reason{key, For})
		return
	}
	v.Reasons = append(v.Reasons, Reason{key, otherwise})
}

func (v *verdict) against(is bool, key string) {
	if !is {
		return
	}
	v.auto = false
	v.Reasons = append(v.Reasons, Reason{key, Against})
}

// otherRef reports a remark that names another order, open or not: that one is meant, or both are.
func (ix *index) otherRef(l Line, o Order) bool {
	for _, no := range ix.lineRefs[l.ID] {
		if no != o.No {
			return true
		}
	}
	return false
}

// otherOrder reports a second order the line may as well be meant for.
func (ix *index) otherOrder(l Line, o Order, candidates []pair) bool {
	for _, p := range candidates {
		if p.order != o.ID && ix.counts(l, p) > 0 {
			return true
		}
	}
	return false
}

// dues lists what each open order of a holder owes.
func (ix *index) dues(holder string) []money.Fen {
	var all []money.Fen
	for _, id := range ix.byHolder[holder] {
		all = append(all, ix.orders[id].Due)
	}
	return all
}

// maxSums bounds the work of onlySum. Beyond it nothing is proved, and what is not proved is not matched by itself.
const maxSums = 20_000

// onlySum reports that exactly one selection of the amounts adds up to the target. It counts the selections of every
// sum up to the target, which is quick because prices are few and alike.
func onlySum(amounts []money.Fen, target money.Fen) bool {
	ways := map[money.Fen]int{0: 1}
	for _, a := range amounts {
		next := make(map[money.Fen]int, 2*len(ways))
		for sum, n := range ways {
			next[sum] = min(next[sum]+n, 2)
			if sum+a <= target {
				next[sum+a] = min(next[sum+a]+n, 2)
			}
		}
		if ways = next; len(ways) > maxSums {
			return false
		}
	}
	return ways[target] == 1
}

func inWindow(on, since time.Time) bool {
	const day = 24 * time.Hour
	return !on.Before(since.Add(-windowBefore*day)) && !on.After(since.Add(windowAfter*day))
}
