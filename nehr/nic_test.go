package nehr_test

import (
	"errors"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr"
)

func TestParseNIC(t *testing.T) {
	for _, c := range []struct {
		name, in   string
		err        error
		year, day  int
		gender     nehr.Gender
		twelveForm string
	}{
		{"old, a man", "911042754V", nil, 1991, 104, nehr.GenderMale, "199110402754"},
		{"old, a woman", "916042754v", nil, 1991, 104, nehr.GenderFemale, "199160402754"},
		{"old, no vote", "500010000X", nil, 1950, 1, nehr.GenderMale, "195000100000"},
		{"new, a woman", "200386601234", nil, 2003, 366, nehr.GenderFemale, "200386601234"},
		{"new, first day", "200350101234", nil, 2003, 1, nehr.GenderFemale, "200350101234"},
		{"day 0", "910002754V", nehr.ErrNICDay, 0, 0, "", ""},
		{"day 367", "913672754V", nehr.ErrNICDay, 0, 0, "", ""},
		{"day 500", "915002754V", nehr.ErrNICDay, 0, 0, "", ""},
		{"day 867", "200386701234", nehr.ErrNICDay, 0, 0, "", ""},
		{"day 999", "200399901234", nehr.ErrNICDay, 0, 0, "", ""},
		{"a year to come", "299910401234", nehr.ErrNICYear, 0, 0, "", ""},
		{"a year long gone", "187910401234", nehr.ErrNICYear, 0, 0, "", ""},
		{"another letter", "911042754Z", nehr.ErrNICForm, 0, 0, "", ""},
		{"a sign that is V without its high bits", "9110427546", nehr.ErrNICForm, 0, 0, "", ""},
		{"a letter within", "91104275AV", nehr.ErrNICForm, 0, 0, "", ""},
		{"eleven digits", "19911040275", nehr.ErrNICForm, 0, 0, "", ""},
		{"thirteen digits", "1991104027541", nehr.ErrNICForm, 0, 0, "", ""},
		{"empty", "", nehr.ErrNICForm, 0, 0, "", ""},
		{"blank", "911042754 V", nehr.ErrNICForm, 0, 0, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := nehr.ParseNIC(c.in)
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if err != nil {
				if !n.IsZero() {
					t.Error("a number beside an error")
				}
				return
			}
			if n.BirthYear() != c.year || n.BirthDay() != c.day || n.Gender() != c.gender || n.Twelve() != c.twelveForm {
				t.Errorf("got %d, day %d, %s, %s", n.BirthYear(), n.BirthDay(), n.Gender(), n.Twelve())
			}
		})
	}
}

func FuzzParseNIC(f *testing.F) {
	for _, s := range []string{"911042754V", "916042754v", "200386601234", "", "V", "99999999999V"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		n, err := nehr.ParseNIC(in)
		if err != nil {
			return
		}
		twelve, err := nehr.ParseNIC(n.Twelve())
		if err != nil || twelve.BirthYear() != n.BirthYear() || twelve.BirthDay() != n.BirthDay() || twelve.Gender() != n.Gender() {
			t.Fatalf("the new form says something else: %v", err)
		}
		if n.BirthDay() < 1 || n.BirthDay() > 366 {
			t.Fatal("a day that does not exist")
		}
	})
}
