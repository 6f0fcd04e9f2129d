package whomap

import (
	"regexp"
	"strconv"
	"strings"
)

// group is a question of the WHO's tool whose answers are data elements of
// their own. Their names make sense only below the question: "Asthma" is an
// asthma medicine, "Albendazole" an allergy.
type group struct {
	first, last int // numbers of ANC.B6.DE… in the stage "Woman's profile and history"
	question    string
	// past answers are about an earlier pregnancy, which no code of the
	// metadata says. Under the plain code a reader would find gestational
	// diabetes today, so the DHIS2 coding stands alone.
	past bool
}

const profileStage = "iF5roNU7QWm"

var groups = []group{
	{first: 37, last: 50, question: "Past pregnancy", past: true},
	{first: 53, last: 56, question: "Past pregnancy", past: true},
	{first: 59, last: 71, question: "Allergy"},
	{first: 75, last: 82, question: "Past surgery"},
	{first: 98, last: 98, question: "Health condition"},
	{first: 112, last: 138, question: "Current medication"},
	{first: 140, last: 143, question: "Daily caffeine"},
}

var number = regexp.MustCompile(`^ANC\.B6\.DE(\d+)$`)

// groupOf is the question of an element, or the zero group.
func groupOf(e element) group {
	found := number.FindStringSubmatch(e.code)
	if e.stage != profileStage || found == nil {
		return group{}
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		return group{}
	}
	for _, g := range groups {
		if g.first <= n && n <= g.last {
			return g
		}
	}
	return group{}
}

// named is the name of an element with its question.
func named(e element) string {
	g := groupOf(e)
	if g.question == "" || strings.Contains(strings.ToLower(e.name), strings.ToLower(g.question)) {
		return e.name
	}
	return g.question + ": " + asked(e.name)
}
