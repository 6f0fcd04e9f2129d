package nehr

import "errors"

// NIC is a number of the Sri Lankan national identity card: nine digits with
// V or X (cards until 2015), or twelve digits. Only ParseNIC makes one.
type NIC struct{ value string }

// Causes why a text is no NIC; they hold no part of it.
var (
	ErrNICForm = errors.New("NIC: neither nine digits with V or X nor twelve digits")
	ErrNICYear = errors.New("NIC: a year of birth that no living person has")
	ErrNICDay  = errors.New("NIC: a day of the year that does not exist")
)

const (
	// nicFemale is added to the day of the year of a woman.
	nicFemale = 500
	// nicDays counts 29 February in every year, as the numbering does.
	nicDays = 366
)

// ParseNIC reads a number in either form; a lower-case v or x is taken for
// the capital. The day of the year is 1 to 366, or 501 to 866.
func ParseNIC(s string) (NIC, error) {
	switch len(s) {
	case 10:
		letter := s[9] &^ 0x20
		if digits(s, 0) != 9 || letter != 'V' && letter != 'X' {
			return NIC{}, ErrNICForm
		}
		s = s[:9] + string(rune(letter))
	case 12:
		if digits(s, 0) != 12 {
			return NIC{}, ErrNICForm
		}
	default:
		return NIC{}, ErrNICForm
	}
	n := NIC{s}
	if y := n.BirthYear(); y < 1880 || y > 2099 {
		return NIC{}, ErrNICYear
	}
	if d := n.day(); d%nicFemale < 1 || d%nicFemale > nicDays {
		return NIC{}, ErrNICDay
	}
	return n, nil
}

// String gives the number with a capital letter. It identifies a person.
func (n NIC) String() string { return n.value }

// IsZero says that there is no number.
func (n NIC) IsZero() bool { return n.value == "" }

// BirthYear is the year of birth: nine digits are of the twentieth century.
func (n NIC) BirthYear() int {
	if n.old() {
		return 1900 + number(n.value[:2])
	}
	return number(n.value[:4])
}

// BirthDay is the day of the year of birth, 1 to 366, in a year that always
// has a 29 February.
func (n NIC) BirthDay() int { return n.day() % nicFemale }

// Gender is what the number says: female where 500 is added to the day.
func (n NIC) Gender() Gender {
	if n.day() > nicFemale {
		return GenderFemale
	}
	return GenderMale
}

// Twelve is the number in the new form, which a person with an old card gets:
// the century put in front and a zero before the serial number. Two numbers
// are one person's if their new forms are equal.
func (n NIC) Twelve() string {
	if n.old() {
		return "19" + n.value[:5] + "0" + n.value[5:9]
	}
	return n.value
}

func (n NIC) old() bool { return len(n.value) == 10 }

func (n NIC) day() int {
	if n.old() {
		return number(n.value[2:5])
	}
	return number(n.value[4:7])
}

// number reads decimal digits that were checked before.
func number(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		n = n*10 + int(s[i]-'0')
	}
	return n
}
