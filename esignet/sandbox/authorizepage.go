package sandbox

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"
)

// language chooses the first of ui_locales that the pages have.
func language(uiLocales string) string {
	for _, tag := range strings.Fields(uiLocales) {
		two, _, _ := strings.Cut(strings.ToLower(tag), "-")
		for _, l := range languages {
			if l.Code == two || toISO3(l.Code) == two {
				return l.Code
			}
		}
	}
	return "en"
}

// authorizePage begins a sign-in, as the page of 1.x does with oauth-details,
// and sends the browser to an address without parameters: it can be loaded
// again, and what was asked is not in its history.
func (s *Server) authorizePage(r *request) answer {
	q, err := url.ParseQuery(r.URL.RawQuery)
	lang := language(q.Get("ui_locales"))
	if err != nil {
		return s.stopped(r, lang, "invalid_request")
	}
	for _, values := range q {
		if len(values) > 1 {
			return s.stopped(r, lang, "invalid_request")
		}
	}
	var t *transaction
	var f *fault
	if uri := q.Get("request_uri"); uri != "" && s.v >= V17 && (s.v >= V18 || len(q) == 2) {
		t, f = s.beginPushed(q.Get("client_id"), uri, r.now)
	} else {
		req := authRequestOf(q)
		t, f = s.begin(req, r.now, false)
		if f != nil && s.v >= V20 {
			// 2.0 tells the relying party, once it is known that it is the one.
			if _, unknown := s.checkAgainstClient(&req); unknown == nil {
				return s.away(s.errorRedirect(&req, oauthCode(f.code), f.code, r.url))
			}
		}
	}
	if f != nil {
		return s.stopped(r, lang, f.code)
	}
	t.page = pageState{secret: s.draw(), lang: language(t.request.UILocales)}
	s.dialogues.put(t.id, t, r.now, r.now.Add(pageLife))
	to := "/login/" + t.id
	status := http.StatusSeeOther
	if s.v >= V20 {
		status = http.StatusFound
		to += "?authId=" + s.draw() + "&executionId=" + s.draw()
	}
	cookie := &http.Cookie{Name: cookieName(t), Value: t.page.secret, Path: "/login/" + t.id, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(r.url, "https:"), MaxAge: int(pageLife.Seconds())}
	return answer{status: status, header: map[string]string{"Location": to, "Set-Cookie": cookie.String(),
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}}
}

func cookieName(t *transaction) string { return "sandbox-" + t.id[:8] }

// inDialogue finds the transaction of a page and the browser that began it.
// Forms of other sites are refused by the cookie's SameSite and by the origin.
func (s *Server) inDialogue(h func(*request, *transaction) answer) func(*request) answer {
	return func(r *request) answer {
		t, ok := s.dialogues.get(r.PathValue("ref"), r.now)
		if !ok {
			return s.stopped(r, "en", "invalid_transaction")
		}
		cookie, err := r.Cookie(cookieName(t))
		if err != nil || subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(t.page.secret)) != 1 ||
			s.sameOrigin.Check(r.Request) != nil {
			return s.stopped(r, "en", "invalid_transaction")
		}
		return h(r, t)
	}
}
