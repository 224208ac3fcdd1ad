package person_test

import (
	"regexp"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"caconsole/cmd/applicant/number"
	"caconsole/cmd/applicant/person"
)

func TestPeopleAreConsistent(t *testing.T) {
	t.Parallel()
	phone := regexp.MustCompile(`^1[3-9]\d{5}[1-7]\d{3}$`)
	for seed := range uint64(2000) {
		p := person.New(seed)
		require.True(t, number.ValidPerson(p.IDNumber), p.IDNumber)
		require.Equal(t, p.Born.Format("20060102"), p.IDNumber[6:14])
		require.Equal(t, p.Male, (p.IDNumber[16]-'0')%2 == 1)
		require.Regexp(t, phone, p.Phone)
		require.GreaterOrEqual(t, utf8.RuneCountInString(p.Name), 2)
	}
}

func TestSameSeedSamePerson(t *testing.T) {
	t.Parallel()
	require.Equal(t, person.New(7), person.New(7))
	require.NotEqual(t, person.New(7).IDNumber, person.New(8).IDNumber)
}
