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
	part        string // of the tool: the codes are ANC.<part>.DE<first> to DE<last>
	first, last int
	question    string
	// past answers are about an earlier pregnancy, which no code of the
	// metadata says. Under the plain code a reader would find gestational
	// diabetes today, so the DHIS2 coding stands alone.
	past bool
}

const profileStage = "iF5roNU7QWm"

var groups = []group{
	{part: "B6", first: 37, last: 50, question: "Past pregnancy", past: true},
	{part: "B6", first: 53, last: 56, question: "Past pregnancy", past: true},
	{part: "B6", first: 59, last: 71, question: "Allergy"},
	{part: "B6", first: 75, last: 82, question: "Past surgery"},
	{part: "B6", first: 98, last: 98, question: "Health condition"},
	{part: "B6", first: 112, last: 138, question: "Current medication"},
	{part: "B6", first: 140, last: 143, question: "Daily caffeine"},
	{part: "B9", first: 197, last: 204, question: "TB screening not done"},
	{part: "B9", first: 210, last: 210, question: "TB screening"},
	{part: "B10", first: 211, last: 215, question: "Support after violence"},
	{part: "B10", first: 224, last: 232, question: "Referral after violence"},
	{part: "B10", first: 252, last: 255, question: "Malaria prophylaxis not provided"},
}

var number = regexp.MustCompile(`^ANC\.(B\d+)\.DE(\d+)$`)

// groupOf is the question of an element, or the zero group.
func groupOf(e element) group {
	found := number.FindStringSubmatch(e.code)
	// Answers of the profile are asked again at later visits, about today.
	if found == nil || found[1] == "B6" && e.stage != profileStage {
		return group{}
	}
	n, err := strconv.Atoi(found[2])
	if err != nil {
		return group{}
	}
	for _, g := range groups {
		if g.part == found[1] && g.first <= n && n <= g.last {
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
