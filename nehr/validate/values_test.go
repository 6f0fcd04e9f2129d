package validate

import "testing"

func TestUnits(t *testing.T) {
	for unit, want := range map[string]bool{
		"mm[Hg]": true, "g/dL": true, "mg/dL": true, "wk": true, "a": true, "cm": true, "/min": true, "10*3/uL": true,
		"10^3": true, "kg/m2": true, "{score}": true, "1": true, "%": true, "Cel": true, "[lb_av]": true, "m/s2": true,
		"(m)": true, "ng/(mL.h)": true, "[iU]/mL": true, "m[H2O]": true, "ug": true, "mg/{tab}": true, "g.m-2": true,
		"2.m": true, "dag": true, "10*-3": true, "B[SPL]": true, "{a b}": true,
		"": false, "MG/DL": false, "mm[hg]": false, "mmHg": false, "m/s/": false, "m.": false, "kg{x": false, "weeks": false,
		"beats/min": false, "mcg": false, "m-": false, "/": false, "k[Hg]": false, "m[pH]": false, "(m": false, "m)": false,
		"{ä}": false, "mg dL": false,
	} {
		if got := isUnit([]byte(unit)); got != want {
			t.Errorf("%q: got %v, want %v", unit, got, want)
		}
	}
}

func TestCompareTimes(t *testing.T) {
	for _, c := range []struct {
		a, b  string
		order int
		known bool
	}{
		{"2024-01-01", "2024-01-01", 0, true},
		{"2024-01-01", "2024-01-02", -1, true},
		{"2025", "2024-12", 1, true},
		{"2024", "2024-05", 0, false},
		{"2024-01-01", "2024-01-01T10:00:00Z", 0, false},
		{"2024-01-01T10:00:00Z", "2024-01-02", -1, true},
		{"2024-01-01T10:00:00+05:30", "2024-01-01T04:30:00Z", 0, true},
		{"2024-02-29T23:59:59-01:00", "2024-03-01T00:59:58Z", 1, true},
		{"2023-12-31T23:59:60Z", "2024-01-01T00:00:00Z", 0, true},
		{"2024-01-01T00:00:00.10Z", "2024-01-01T00:00:00.1Z", 0, true},
		{"2024-01-01T00:00:00Z", "2024-01-01T00:00:00.1Z", -1, true},
		{"yesterday", "2024", 0, false},
	} {
		if order, known := compareTimes([]byte(c.a), []byte(c.b)); order != c.order || known != c.known {
			t.Errorf("%s, %s: got %d %v, want %d %v", c.a, c.b, order, known, c.order, c.known)
		}
		if order, known := compareTimes([]byte(c.b), []byte(c.a)); order != -c.order || known != c.known {
			t.Errorf("%s, %s: got %d %v, want %d %v", c.b, c.a, order, known, -c.order, c.known)
		}
	}
}

func TestLanguages(t *testing.T) {
	for code, want := range map[string]bool{
		"si": true, "ta": true, "en-US": true, "EN": true, "es-419": true,
		"": false, "e": false, "xx": false, "english": false, "zh-Hans": false, "sin": false, "en-": false,
	} {
		if got := isLanguage([]byte(code)); got != want {
			t.Errorf("%q: got %v, want %v", code, got, want)
		}
	}
}
