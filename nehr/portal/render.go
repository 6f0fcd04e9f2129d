package portal

import (
	"bytes"
	"crypto/subtle"
	"embed"
	"fmt"
	"net/http"
	"strings"
	"time"
)

//go:embed pages
var framePages embed.FS

// View is what a template is given.
type View struct {
	*Visit
	Title string
	Body  any
}

// Pair gives a template of its own both the page and one thing of it.
func (v View) Pair(one any) [2]any { return [2]any{v, one} }

// Choice is a language to choose.
type Choice struct {
	Tag, Name string
	Current   bool
}

// Show shows a page of the portal.
func (v *Visit) Show(template, title string, body any) error {
	return v.ShowStatus(http.StatusOK, template, title, body)
}

// ShowStatus is Show with another status than 200.
func (v *Visit) ShowStatus(status int, template, title string, body any) error {
	var b bytes.Buffer
	if err := v.frame.templates.ExecuteTemplate(&b, template, View{v, title, body}); err != nil {
		return fmt.Errorf("page %s: %w", template, err)
	}
	v.W.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.W.WriteHeader(status)
	_, _ = v.W.Write(b.Bytes()) // the browser may have left
	return nil
}

// Redirect leads to a page of the portal, such as /home.
func (v *Visit) Redirect(path string) {
	http.Redirect(v.W, v.R, v.frame.base+path, http.StatusSeeOther)
}

// T is a text in the language of the page.
func (v *Visit) T(key string) string { return v.frame.texts.in(key, v.Lang) }

// Tf is a text with values put into it.
func (v *Visit) Tf(key string, values ...any) string { return fmt.Sprintf(v.T(key), values...) }

// Brand is what the portal is called.
func (v *Visit) Brand() string { return v.T(v.frame.config.Brand) }

// Base is the path of the portal, which links begin with.
func (v *Visit) Base() string { return v.frame.base }

// Self is the page itself.
func (v *Visit) Self() string { return v.frame.base + v.path }

// At sets the page that links back to this one lead to, after a form.
func (v *Visit) At(path string) { v.path = path }

// Token is that of the form with this action in this session; it goes into a hidden
// field of that name.
func (v *Visit) Token(path string) string {
	if v.Session == nil {
		return ""
	}
	return v.secret.token("POST " + v.frame.base + path)
}

// Menu is shown to whoever is signed in and has a record.
func (v *Visit) Menu() []MenuItem {
	if v.Session == nil || v.Session.Record == "" && v.Session.Role == "" {
		return nil
	}
	return v.frame.config.Menu
}

// Here tells whether a path is that of this page.
func (v *Visit) Here(path string) bool { return v.path == path }

// HelpPhone is the number for help, or nothing.
func (v *Visit) HelpPhone() string { return v.frame.config.HelpPhone }

// IdleMinutes is how long a session lasts without a click.
func (v *Visit) IdleMinutes() int { return int(v.frame.config.Idle / time.Minute) }

// Assurance says how she signed in (D-094).
func (v *Visit) Assurance() string {
	if v.Session == nil {
		return ""
	}
	var ways []string
	for _, acr := range v.Session.ACR {
		key := "acr_" + acr[strings.LastIndexByte(acr, ':')+1:]
		if _, known := v.frame.texts[key]; known {
			ways = append(ways, v.T(key))
		} else {
			ways = append(ways, acr)
		}
	}
	return strings.Join(ways, ", ")
}

// Languages are those to choose.
func (v *Visit) Languages() []Choice {
	list := make([]Choice, len(languages))
	for i, l := range languages {
		list[i] = Choice{l.tag, l.name, l.tag == v.Lang}
	}
	return list
}

// Now is the time by the portal's clock, in its zone.
func (v *Visit) Now() time.Time { return v.frame.config.Now().In(v.frame.config.Zone) }

// Source is where the request comes from, to count tries by.
func (v *Visit) Source() string { return v.frame.config.Source(v.R) }

// Date shows a date or a time of FHIR as a date.
func (v *Visit) Date(fhir string) string { return ShowDate(fhir, v.Lang, v.frame.config.Zone) }

// Moment shows a time of FHIR with the time of day, if it has one.
func (v *Visit) Moment(fhir string) string { return showMoment(fhir, v.Lang, v.frame.config.Zone) }

// language is what she chose, else what her browser asks for.
func (v *Visit) language() string {
	if c, err := v.R.Cookie(v.frame.cookieName("language")); err == nil && languageAt(c.Value) >= 0 {
		return c.Value
	}
	for part := range strings.SplitSeq(v.R.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		tag, _, _ = strings.Cut(strings.ToLower(tag), "-")
		if languageAt(tag) >= 0 {
			return tag
		}
	}
	return "en"
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
