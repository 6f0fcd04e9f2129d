package portal

import (
	"fmt"
	"strings"
	"time"
)

// months are the short names of CLDR, with the days before them: 5 Jan 2026.
var months = map[string][12]string{
	"en": {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
	"si": {"ජන", "පෙබ", "මාර්තු", "අප්‍රේල්", "මැයි", "ජූනි", "ජූලි", "අගෝ", "සැප්", "ඔක්", "නොවැ", "දෙසැ"},
	"ta": {"ஜன.", "பிப்.", "மார்.", "ஏப்.", "மே", "ஜூன்", "ஜூலை", "ஆக.", "செப்.", "அக்.", "நவ.", "டிச."},
}

// ParseDate reads a date of FHIR (datatypes.html#dateTime): a day stays that day in any
// zone, an instant becomes that of the zone. precise tells that it has a time of day;
// parts is 1 for a year, 2 with the month, 3 with the day.
func ParseDate(fhir string, zone *time.Location) (t time.Time, parts int, precise, ok bool) {
	for parts, form := range []string{"2006", "2006-01", "2006-01-02"} {
		if len(fhir) == len(form) {
			t, err := time.ParseInLocation(form, fhir, zone)
			return t, parts + 1, false, err == nil
		}
	}
	t, err := time.Parse(time.RFC3339Nano, fhir)
	return t.In(zone), 3, true, err == nil
}

// ShowDate shows a date of FHIR as d MMM yyyy, as far as it is known: a month and a
// year, or a year. What is no date is shown as it stands.
func ShowDate(fhir, lang string, zone *time.Location) string {
	t, parts, _, ok := ParseDate(fhir, zone)
	names, known := months[lang]
	if !known {
		names = months["en"]
	}
	switch {
	case !ok:
		return fhir
	case parts == 1:
		return fmt.Sprintf("%04d", t.Year())
	case parts == 2:
		return fmt.Sprintf("%s %04d", names[t.Month()-1], t.Year())
	}
	return fmt.Sprintf("%d %s %04d", t.Day(), names[t.Month()-1], t.Year())
}

// showMoment adds the time of day, unless it is midnight: forms write that for a day.
func showMoment(fhir, lang string, zone *time.Location) string {
	day := ShowDate(fhir, lang, zone)
	t, _, precise, ok := ParseDate(fhir, zone)
	if !ok || !precise || t.Hour() == 0 && t.Minute() == 0 && strings.Contains(fhir, "T00:00") {
		return day
	}
	return day + t.Format(", 15:04")
}
