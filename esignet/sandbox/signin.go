package sandbox

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Person says who signs in by [Person.SignIn], and how.
type Person struct {
	// ID is the individualId. Defaults to the first of People().
	ID string
	// PIN is used in the place of a one-time code when set.
	PIN string
	// Deny presses Cancel on the consent page.
	Deny bool
	// Share are the voluntary claims to tick. nil is all of them, an empty list
	// none.
	Share []string
	// Lang is the language of the pages. Defaults to what the request asks for.
	Lang string
	// Client is the browser; its jar and redirect policy are not used. Defaults
	// to http.DefaultClient.
	Client *http.Client
}

var (
	voluntaryBox = regexp.MustCompile(`name="claim" value="([a-z_]+)"`)
	stoppedCode  = regexp.MustCompile(`<p class="hint">[^<]*<code>([a-z_]+)</code>`)
	shownError   = regexp.MustCompile(`role="alert"[^>]*>([^<]+)<`)
)

// SignIn goes through the pages as a person in a browser would, from the
// address of the authorization request to the relying party's redirect, which
// it returns without going there. A page that shows an error ends it.
func (p Person) SignIn(ctx context.Context, authorizeURL string) (*url.URL, error) {
	if p.ID == "" {
		p.ID = People()[0].ID
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	browser := http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if p.Client != nil {
		browser.Transport, browser.Timeout = p.Client.Transport, p.Client.Timeout
	}
	start, err := url.Parse(authorizeURL)
	if err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	v := &visit{ctx: ctx, browser: &browser, at: start}
	if err := v.open(http.MethodGet, start, nil); err != nil || v.away != nil {
		return v.away, err
	}
	if p.Lang != "" {
		if err := v.open(http.MethodGet, v.at.JoinPath().ResolveReference(&url.URL{RawQuery: "lang=" + p.Lang}), nil); err != nil {
			return nil, err
		}
	}
	identify, challenge := url.Values{"individualId": {p.ID}, "factor": {"OTP"}}, OTP
	if p.PIN != "" {
		identify.Set("factor", "PIN")
		challenge = p.PIN
	}
	if err := v.submit("identify", identify); err != nil || v.away != nil {
		return v.away, err
	}
	if err := v.submit("verify", url.Values{"challenge": {challenge}}); err != nil || v.away != nil {
		return v.away, err
	}
	answer := url.Values{"answer": {"allow"}}
	if p.Deny {
		answer.Set("answer", "deny")
	}
	for _, box := range voluntaryBox.FindAllStringSubmatch(v.page, -1) {
		if p.Share == nil || slices.Contains(p.Share, box[1]) {
			answer.Add("claim", box[1])
		}
	}
	if err := v.submit("consent", answer); err != nil {
		return nil, err
	}
	if v.away == nil {
		return nil, fmt.Errorf("sign in: the pages did not lead back to the relying party")
	}
	return v.away, nil
}

// visit is a browser on the pages.
type visit struct {
	ctx     context.Context
	browser *http.Client
	at      *url.URL // the page shown
	page    string
	away    *url.URL // where it leads outside; nil as long as inside
}

// submit sends a form of the page shown.
func (v *visit) submit(form string, values url.Values) error {
	to := *v.at
	to.Path, to.RawQuery = strings.TrimSuffix(to.Path, "/")+"/"+form, ""
	return v.open(http.MethodPost, &to, values)
}

// open loads an address and follows redirects as long as they stay on the
// pages.
func (v *visit) open(method string, to *url.URL, form url.Values) error {
	for range 5 {
		req, err := http.NewRequestWithContext(v.ctx, method, to.String(), strings.NewReader(form.Encode()))
		if err != nil {
			return fmt.Errorf("sign in: %w", err)
		}
		if method == http.MethodPost {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		res, err := v.browser.Do(req)
		if err != nil {
			return fmt.Errorf("sign in: %w", err)
		}
		body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
		res.Body.Close()
		if err != nil {
			return fmt.Errorf("sign in: %w", err)
		}
		location, err := res.Location()
		switch {
		case err == nil && location.Host == to.Host && strings.HasPrefix(location.Path, "/login/"):
			method, to, form = http.MethodGet, location, nil
			continue
		case err == nil:
			v.away = location
			return nil
		}
		v.at, v.page = to, string(body)
		if res.StatusCode != http.StatusOK {
			return pageError(res.StatusCode, v.page)
		}
		return nil
	}
	return fmt.Errorf("sign in: the pages go round in circles")
}

// pageError says what a page shows: the code of one that stopped, else its
// text.
func pageError(status int, page string) error {
	if m := stoppedCode.FindStringSubmatch(page); m != nil {
		return fmt.Errorf("sign in: stopped with %s", m[1])
	}
	if m := shownError.FindStringSubmatch(page); m != nil {
		return fmt.Errorf("sign in: %s", strings.TrimSpace(m[1]))
	}
	return fmt.Errorf("sign in: status %d", status)
}
