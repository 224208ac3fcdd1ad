package match_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"caconsole/admin/money"
	"caconsole/reconcile/match"
)

var today = time.Date(2026, 11, 21, 0, 0, 0, 0, time.FixedZone("CST", 8*3600))

const (
	unit  = "阳江市海陵湾检修服务有限公司"
	other = "湛江市东海岛管道工程有限公司"
)

// validNo stands in for the order domain's check digit, by a rule of the same strength: the digits' sum modulo 10.
func validNo(s string) bool {
	if len(s) != 13 || s[0] != 'R' {
		return false
	}
	sum := 0
	for _, c := range s[1:12] {
		sum += int(c - '0')
	}
	return int(s[12]-'0') == sum%10
}

func makeNo(n int) string {
	s := fmt.Sprintf("R261120%05d", n%100_000)
	sum := 0
	for _, c := range s[1:] {
		sum += int(c - '0')
	}
	return s + string(rune('0'+sum%10))
}

func id(n byte) uuid.UUID { return uuid.UUID{15: n} }

func line(n byte, payer, text string, fen money.Fen) match.Line {
	return match.Line{ID: id(n), Payer: payer, Text: text, On: today, Open: fen, Whole: true, Plain: true}
}

func order(n byte, no, holder string, fen money.Fen, claims ...match.Claim) match.Order {
	return match.Order{ID: id(100 + n), No: no, Holder: holder, Due: fen, Since: today.AddDate(0, 0, -1), Whole: true, Claims: claims}
}

func claim(payer string, fen money.Fen, day int, image string) match.Claim {
	return match.Claim{Payer: payer, Amount: fen, On: today.AddDate(0, 0, day), Image: image}
}

func TestRun(t *testing.T) {
	a, b := makeNo(1), makeNo(2)
	good := claim(unit, 40000, 0, "image-1")
	cases := []struct {
		name   string
		lines  []match.Line
		orders []match.Order
		auto   bool   // of the first proposal
		reason string // an objection or gap it must carry
		none   bool   // nothing is proposed at all
	}{
		{"number and holder", []match.Line{line(1, unit, "续期费"+a+"谢谢", 40000)}, []match.Order{order(1, a, unit, 40000)}, true, "", false},
		{"voucher and holder", []match.Line{line(1, unit, "续期", 40000)}, []match.Order{order(1, a, unit, 40000, good)}, true, "", false},
		{"holder and amount alone", []match.Line{line(1, unit, "续期", 40000)}, []match.Order{order(1, a, unit, 40000)}, false, "ref", false},
		{"one fen less", []match.Line{line(1, unit, a, 39999)}, []match.Order{order(1, a, unit, 40000)}, false, "amount", false},
		{"one fen more", []match.Line{line(1, unit, a, 40001)}, []match.Order{order(1, a, unit, 40000)}, false, "amount", false},
		{"fee taken off", []match.Line{line(1, unit, a, 39500)}, []match.Order{order(1, a, unit, 40000)}, false, "amount", false},
		{"number by another payer", []match.Line{line(1, other, a, 40000)}, []match.Order{order(1, a, unit, 40000)}, false, "holder", false},
		{"number by a person", []match.Line{line(1, "", a, 40000)}, []match.Order{order(1, a, unit, 40000)}, false, "holder", false},
		{"claim for a parent company", []match.Line{line(1, other, "", 40000)}, []match.Order{order(1, a, unit, 40000, claim(other, 40000, 0, "i"))}, false, "holder", false},
		{"claim of another day", []match.Line{line(1, unit, "", 40000)}, []match.Order{order(1, a, unit, 40000, claim(unit, 40000, -4, "i"))}, false, "claim", false},
		{"claim within three days", []match.Line{line(1, unit, "", 40000)}, []match.Order{order(1, a, unit, 40000, claim(unit, 40000, -3, "i"))}, true, "", false},
		{"claim of another amount", []match.Line{line(1, unit, "", 40000)}, []match.Order{order(1, a, unit, 40000, claim(unit, 80000, 0, "i"))}, false, "claim", false},
		{"one voucher on two orders", []match.Line{line(1, unit, "", 40000)}, []match.Order{order(1, a, unit, 40000, good), order(2, b, other, 40000, good)}, false, "voucher_shared", false},
		{"two orders of the payer, one named", []match.Line{line(1, unit, a, 40000)}, []match.Order{order(1, a, unit, 40000), order(2, b, unit, 40000)}, false, "other_order", false},
		{"two orders add up to a third", []match.Line{line(1, unit, makeNo(3), 60000)}, []match.Order{order(1, a, unit, 20000), order(2, b, unit, 40000), order(3, makeNo(3), unit, 60000)}, false, "other_sum", false},
		{"other orders of the payer that add up to nothing", []match.Line{line(1, unit, a, 40000)}, []match.Order{order(1, a, unit, 40000), order(2, b, unit, 25000)}, true, "", false},
		{"two numbers in the remark", []match.Line{line(1, unit, a+" "+b, 80000)}, []match.Order{order(1, a, unit, 40000), order(2, b, unit, 40000)}, false, "other_ref", false},
		{"another order's number", []match.Line{line(1, unit, b, 40000)}, []match.Order{order(1, a, unit, 40000)}, false, "other_ref", false},
		{"its number and one that is not open", []match.Line{line(1, unit, a+b, 40000)}, []match.Order{order(1, a, unit, 40000)}, false, "ref", false},
		{"paid twice", []match.Line{line(1, unit, a, 40000), line(2, unit, a, 40000)}, []match.Order{order(1, a, unit, 40000)}, false, "other_line", false},
		{"a second line of the holder's amount", []match.Line{line(1, unit, a, 40000), line(2, unit, "", 40000)}, []match.Order{order(1, a, unit, 40000)}, false, "other_line", false},
		{"before the order was there", []match.Line{{ID: id(1), Payer: unit, Text: a, On: today.AddDate(0, 0, -2), Open: 40000, Whole: true, Plain: true}}, []match.Order{order(1, a, unit, 40000)}, false, "before_order", false},
		{"decided by hand before", []match.Line{{ID: id(1), Payer: unit, Text: a, On: today, Open: 40000, Whole: true, Plain: true, Decided: true}}, []match.Order{order(1, a, unit, 40000)}, false, "decided", false},
		{"rest of a line", []match.Line{{ID: id(1), Payer: unit, Text: a, On: today, Open: 40000, Plain: true}}, []match.Order{order(1, a, unit, 40000)}, false, "", false},
		{"returned payment", []match.Line{{ID: id(1), Payer: unit, Text: a, On: today, Open: 40000, Whole: true}}, []match.Order{order(1, a, unit, 40000)}, false, "", true},
		{"nothing in common", []match.Line{line(1, other, "货款", 40000)}, []match.Order{order(1, a, unit, 40000)}, false, "", true},
		{"a phone number is no number", []match.Line{line(1, other, "13800261120", 40000)}, []match.Order{order(1, a, unit, 40000)}, false, "", true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := match.Run(match.Set{Lines: c.lines, Orders: c.orders}, validNo)
			if c.none {
				require.Empty(t, got)
				return
			}
			require.NotEmpty(t, got)
			require.Equal(t, c.auto, got[0].Auto, "%+v", got[0].Reasons)
			if c.reason != "" {
				require.True(t, slices.ContainsFunc(got[0].Reasons, func(r match.Reason) bool {
					return r.Key == c.reason && r.Weight != match.For
				}), "%+v", got[0].Reasons)
			}
			for _, p := range got[1:] {
				require.False(t, p.Auto, "one line has at most one auto proposal")
			}
		})
	}
}

func TestReferences(t *testing.T) {
	a, b := makeNo(107), makeNo(112)
	for text, want := range map[string][]string{
		"证书续期费" + a:               {a},
		a + "，" + b:               {a, b},
		"付" + a + "款，" + a:        {a},
		"续期 r" + a[1:] + "。":      {a},
		"Ｒ" + a[1:]:               {a},
		a[:7] + " " + a[7:] + "元": {a},
		a + " 20261121":           {a},
		"X" + a:                   nil,
		a + "9":                   nil,
		a + "K":                   nil,
		a[1:]:                     nil,
		a[:12]:                    nil,
		"R26112O" + a[7:]:         nil,
		"R000000000001":           nil,
		"":                        nil,
	} {
		require.Equal(t, want, match.References(text, validNo), text)
	}
}

// The order of the input never matters, and every auto proposal can be justified line by line from the rule.
func TestRunIsDeterministicAndSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := drawSet(t)
		got := match.Run(set, validNo)
		shuffled := match.Set{Lines: slices.Clone(set.Lines), Orders: slices.Clone(set.Orders)}
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		r.Shuffle(len(shuffled.Lines), func(i, j int) { shuffled.Lines[i], shuffled.Lines[j] = shuffled.Lines[j], shuffled.Lines[i] })
		r.Shuffle(len(shuffled.Orders), func(i, j int) { shuffled.Orders[i], shuffled.Orders[j] = shuffled.Orders[j], shuffled.Orders[i] })
		require.Equal(t, got, match.Run(shuffled, validNo))

		usedLine, usedOrder := map[uuid.UUID]bool{}, map[uuid.UUID]bool{}
		for _, p := range got {
			if !p.Auto {
				continue
			}
			require.False(t, usedLine[p.Line] || usedOrder[p.Order], "unique both ways")
			usedLine[p.Line], usedOrder[p.Order] = true, true
			justify(t, set, p)
		}
	})
}

// justify checks an auto proposal by brute force.
func justify(t *rapid.T, set match.Set, p match.Proposal) {
	l := set.Lines[slices.IndexFunc(set.Lines, func(l match.Line) bool { return l.ID == p.Line })]
	o := set.Orders[slices.IndexFunc(set.Orders, func(o match.Order) bool { return o.ID == p.Order })]
	require.True(t, l.Plain && l.Whole && !l.Decided)
	require.Equal(t, o.Due, l.Open)
	require.Equal(t, o.Holder, l.Payer)
	require.Equal(t, l.Open, p.Amount)
	refs := match.References(l.Text, validNo)
	claimed := slices.ContainsFunc(o.Claims, func(c match.Claim) bool { return c.Payer == l.Payer && c.Amount == l.Open })
	require.True(t, claimed || slices.Equal(refs, []string{o.No}))
	sums := 0
	var mine []money.Fen
	for _, other := range set.Orders {
		if other.Holder == l.Payer {
			mine = append(mine, other.Due)
		}
	}
	for mask := 1; mask < 1<<len(mine); mask++ {
		var sum money.Fen
		for i, due := range mine {
			if mask&(1<<i) != 0 {
				sum += due
			}
		}
		if sum == l.Open {
			sums++
		}
	}
	require.Equal(t, 1, sums)
}

func drawSet(t *rapid.T) match.Set {
	names := []string{unit, other, "中广核工程有限公司", ""}
	prices := []money.Fen{20000, 40000, 60000}
	var set match.Set
	for i := range rapid.IntRange(0, 8).Draw(t, "orders") {
		o := order(byte(i), makeNo(i), names[rapid.IntRange(0, 2).Draw(t, "holder")], rapid.SampledFrom(prices).Draw(t, "due"))
		if rapid.Bool().Draw(t, "claimed") {
			o.Claims = append(o.Claims, claim(rapid.SampledFrom(names).Draw(t, "claimer"), rapid.SampledFrom(prices).Draw(t, "claim"),
				rapid.IntRange(-5, 5).Draw(t, "day"), rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "image")))
		}
		set.Orders = append(set.Orders, o)
	}
	for i := range rapid.IntRange(0, 8).Draw(t, "lines") {
		l := line(byte(i), rapid.SampledFrom(names).Draw(t, "payer"), "", rapid.SampledFrom(prices).Draw(t, "fen"))
		for range rapid.IntRange(0, 2).Draw(t, "refs") {
			l.Text += "付" + makeNo(rapid.IntRange(0, 9).Draw(t, "ref"))
		}
		l.Decided, l.Plain = rapid.IntRange(0, 9).Draw(t, "decided") == 0, rapid.IntRange(0, 9).Draw(t, "plain") > 0
		set.Lines = append(set.Lines, l)
	}
	return set
}

func FuzzReferences(f *testing.F) {
	f.Add("证书续期费" + makeNo(1))
	f.Add("R2611 2000 1071 R")
	f.Fuzz(func(t *testing.T, text string) {
		for _, no := range match.References(text, validNo) {
			require.True(t, validNo(no))
		}
	})
}

func BenchmarkRun(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	var set match.Set
	for i := range 100_000 {
		o := match.Order{ID: uuid.UUID{0: 1, 12: byte(i >> 16), 13: byte(i >> 8), 14: byte(i)}, No: makeNo(i), Holder: fmt.Sprintf("公司%d", r.IntN(20_000)), Due: money.Fen(20000 * (1 + r.IntN(5))), Since: today, Whole: true}
		set.Orders = append(set.Orders, o)
		if i%20 == 0 {
			set.Lines = append(set.Lines, match.Line{ID: uuid.UUID{0: 2, 13: byte(i >> 16), 14: byte(i >> 8), 15: byte(i)}, Payer: o.Holder, Text: "续期" + o.No, On: today, Open: o.Due, Whole: true, Plain: true})
		}
	}
	b.ResetTimer()
	for b.Loop() {
		match.Run(set, validNo)
	}
}
