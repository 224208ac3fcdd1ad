package form

import (
	"strings"
	"unicode"
)

// Characters that may not begin or end a line (GB/T 15834-2011, 5.1.11).
const (
	notFirst = "，。、；：？！…—～·）］｝〉》」』】〕”’％‰℃,.;:?!)]}%"
	notLast  = "（［｛〈《「『【〔“‘([{￥¥#"
)

// breakLines cuts a text into lines no wider than width. Chinese breaks between any two characters but before closing
// and after opening punctuation; Latin words and numbers stay whole unless one alone is wider than the line.
func breakLines(text string, width float64, measure func(string) (float64, error)) ([]string, error) {
	var lines []string
	line := ""
	for _, piece := range pieces(text) {
		fits, err := within(line+piece, width, measure)
		if err != nil {
			return nil, err
		}
		if fits {
			line += piece
			continue
		}
		if line = strings.TrimRight(line, " "); line != "" {
			lines = append(lines, line)
		}
		full, rest, err := chop(strings.TrimLeft(piece, " "), width, measure)
		if err != nil {
			return nil, err
		}
		lines = append(lines, full...)
		line = rest
	}
	if line = strings.TrimRight(line, " "); line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines, nil
}

func within(s string, width float64, measure func(string) (float64, error)) (bool, error) {
	w, err := measure(strings.TrimRight(s, " "))
	return w <= width, err
}

// chop cuts a piece that is wider than a whole line anywhere, and returns the full lines and what is left.
func chop(piece string, width float64, measure func(string) (float64, error)) (full []string, rest string, err error) {
	for _, r := range piece {
		fits, err := within(rest+string(r), width, measure)
		if err != nil {
			return nil, "", err
		}
		if !fits && rest != "" {
			full = append(full, rest)
			rest = ""
		}
		rest += string(r)
	}
	return full, rest, nil
}

// pieces cuts a text into the shortest stretches a line may not break within.
func pieces(text string) []string {
	var out []string
	var last rune
	for _, r := range text {
		if len(out) > 0 && sticks(last, r) {
			out[len(out)-1] += string(r)
		} else {
			out = append(out, string(r))
		}
		last = r
	}
	return out
}

// sticks reports whether no line may break between two neighbours.
func sticks(a, b rune) bool {
	switch {
	case b == ' ', strings.ContainsRune(notFirst, b), strings.ContainsRune(notLast, a):
		return true
	case a == ' ':
		return false
	default:
		return !wide(a) && !wide(b)
	}
}

// wide reports whether a line may break on either side of a character.
func wide(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) ||
		(r >= 0x3000 && r <= 0x303f) || (r >= 0xff00 && r <= 0xffef) || strings.ContainsRune("“”‘’…—", r)
}
