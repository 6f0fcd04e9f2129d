package summary

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/config/database"
)

const (
	maxRequest   = 4096             // bytes of a manifest request
	maxRecipient = 200              // characters that are kept of who asks
	maxEmbedded  = 1 << 20          // bytes of a file that is embedded where the client sets no bound
	ticketLife   = 10 * time.Minute // of a location; the specification allows an hour
)

// Handler serves what links lead to, below the path of LinksConfig.URL:
//
//	POST <URL>/<name>                manifest, of links without flag U
//	GET  <URL>/<name>?recipient=…    the file itself, of links with flag U
//	GET  <URL>/file/<ticket>         a file that a manifest names, for ten minutes
//
// Whatever is unknown, expired, revoked or used up is 404, without saying which. Pages
// of any origin may ask: who has the link has the right, and nothing here goes by
// cookies. No answer is stored by anybody.
func (l *Links) Handler() http.Handler {
	base := ""
	if u, err := url.Parse(l.config.URL); err == nil { // NewLinks has parsed it
		base = u.EscapedPath()
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+base+"/{name}", l.manifest)
	mux.HandleFunc("GET "+base+"/{name}", l.direct)
	mux.HandleFunc("GET "+base+"/file/{ticket}", l.file)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		if r.Method == http.MethodOptions {
			h.Set("Access-Control-Allow-Methods", "GET, POST")
			h.Set("Access-Control-Allow-Headers", "Content-Type")
			h.Set("Access-Control-Max-Age", "600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// manifestRequest is what a recipient asks with.
type manifestRequest struct {
	Recipient         string `json:"recipient"`
	Passcode          string `json:"passcode"`
	EmbeddedLengthMax *int64 `json:"embeddedLengthMax"`
}

var errRequest = errors.New("not a manifest request")

// parseManifestRequest reads one within bounds. Members that it does not know are
// those of later versions, and pass.
func parseManifestRequest(document []byte) (r manifestRequest, err error) {
	if len(document) > maxRequest || json.Unmarshal(document, &r) != nil {
		return r, errRequest
	}
	r.Recipient = recipient(r.Recipient)
	if r.Recipient == "" || r.EmbeddedLengthMax != nil && *r.EmbeddedLengthMax < 0 || utf8.RuneCountInString(r.Passcode) > 256 {
		return r, errRequest
	}
	return r, nil
}

// recipient is who asks, as one line of bounded length.
func recipient(s string) string {
	s = strings.Join(strings.Fields(clean(s)), " ")
	if utf8.RuneCountInString(s) > maxRecipient {
		s = strings.TrimSpace(string([]rune(s)[:maxRecipient]))
	}
	return s
}

// kept is a link that may be opened.
type kept struct {
	id              string
	flags           string
	refreshed       int64
	salt, hash, jwe []byte
}

// wrongPasscode counts what is left.
type wrongPasscode struct{ left int64 }

func (*wrongPasscode) Error() string { return "wrong passcode" }

func (l *Links) manifest(w http.ResponseWriter, r *http.Request) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge)
		return
	}
	ask, err := parseManifestRequest(body)
	if err != nil {
		refuse(w, http.StatusBadRequest)
		return
	}
	found, err := l.find(r.Context(), idOf(r.PathValue("name")))
	if err == nil && strings.Contains(found.flags, "U") {
		err = ErrGone
	}
	if err == nil && strings.Contains(found.flags, "P") {
		err = l.admit(r.Context(), found, ask.Passcode)
	}
	if err != nil {
		l.fail(w, err)
		return
	}
	bound := int64(maxEmbedded)
	if ask.EmbeddedLengthMax != nil {
		bound = min(*ask.EmbeddedLengthMax, maxFile*2)
	}
	var ticket string
	if int64(len(found.jwe)) > bound {
		raw := make([]byte, 32)
		if _, err := io.ReadFull(l.config.Rand, raw); err != nil {
			l.fail(w, err)
			return
		}
		ticket = base64.RawURLEncoding.EncodeToString(raw)
	}
	if err := l.open(r.Context(), found.id, ask.Recipient, ticket); err != nil {
		l.fail(w, err)
		return
	}
	type entry struct {
		ContentType string `json:"contentType"`
		Location    string `json:"location,omitempty"`
		Embedded    string `json:"embedded,omitempty"`
		LastUpdated string `json:"lastUpdated"`
	}
	answer := struct {
		Status string  `json:"status"`
		Files  []entry `json:"files"`
	}{Status: "finalized", Files: []entry{{ContentType: contentType, LastUpdated: time.Unix(found.refreshed, 0).UTC().Format(time.RFC3339)}}}
	if strings.Contains(found.flags, "L") {
		answer.Status = "can-change"
	}
	if ticket != "" {
		answer.Files[0].Location = l.config.URL + "/file/" + ticket
	} else {
		answer.Files[0].Embedded = string(found.jwe)
	}
	reply(w, http.StatusOK, answer)
}

func (l *Links) direct(w http.ResponseWriter, r *http.Request) {
	who := recipient(r.URL.Query().Get("recipient"))
	if who == "" {
		refuse(w, http.StatusBadRequest)
		return
	}
	found, err := l.find(r.Context(), idOf(r.PathValue("name")))
	if err == nil && !strings.Contains(found.flags, "U") {
		err = ErrGone
	}
	if err == nil {
		err = l.open(r.Context(), found.id, who, "")
	}
	if err != nil {
		l.fail(w, err)
		return
	}
	send(w, found.jwe)
}

func (l *Links) file(w http.ResponseWriter, r *http.Request) {
	var link string
	err := l.config.DB.Read(r.Context(), func(tx database.Tx) error {
		there, err := database.Row(tx, `SELECT link FROM shl_ticket WHERE id = ?1 AND until > ?2`, []any{idOf(r.PathValue("ticket")), l.config.Now().Unix()}, &link)
		if err == nil && !there {
			return ErrGone
		}
		return err
	})
	var found *kept
	if err == nil {
		found, err = l.find(r.Context(), link)
	}
	if err != nil {
		l.fail(w, err)
		return
	}
	send(w, found.jwe)
}

// find gives a link that is neither over nor used up; ErrGone otherwise.
func (l *Links) find(ctx context.Context, id string) (*kept, error) {
	k := &kept{id: id}
	err := l.config.DB.Read(ctx, func(tx database.Tx) error {
		there, err := database.Row(tx, `SELECT flags, refreshed, salt, passcode, payload FROM shl_link
			WHERE id = ?1 AND revoked = 0 AND until > ?2 AND tries > 0 AND payload IS NOT NULL`, []any{id, l.config.Now().Unix()},
			&k.flags, &k.refreshed, &k.salt, &k.hash, &k.jwe)
		if err == nil && !there {
			return ErrGone
		}
		return err
	})
	return k, err
}

// admit compares a passcode. A try is taken before it is compared and given back when
// it was right, or was not compared: as many at once as there are can be wrong, and no more. A link whose
// tries are all out is over for as long as they are.
func (l *Links) admit(ctx context.Context, k *kept, passcode string) error {
	if passcode == "" {
		return l.left(ctx, k.id)
	}
	err := l.config.DB.Write(ctx, func(tx database.Tx) error {
		n, err := tx.Exec(`UPDATE shl_link SET tries = tries - 1 WHERE id = ?1 AND tries > 0 AND revoked = 0`, k.id)
		if err == nil && n == 0 {
			return ErrGone
		}
		return err
	})
	if err != nil {
		return err
	}
	hash, err := l.hash(ctx, passcode, k.salt)
	if err == nil && !hmac.Equal(hash, k.hash) {
		return l.left(ctx, k.id)
	}
	// The right one, or none: who has gone away meanwhile has not tried.
	back := l.config.DB.Write(context.WithoutCancel(ctx), func(tx database.Tx) error {
		_, err := tx.Exec(`UPDATE shl_link SET tries = tries + 1 WHERE id = ?1`, k.id)
		return err
	})
	return errors.Join(err, back)
}

// left is the refusal with what is left of the tries.
func (l *Links) left(ctx context.Context, id string) error {
	var left int64
	err := l.config.DB.Read(ctx, func(tx database.Tx) error {
		_, err := database.Row(tx, `SELECT tries FROM shl_link WHERE id = ?1`, []any{id}, &left)
		return err
	})
	if err != nil {
		return err
	}
	return &wrongPasscode{left: left}
}

// open writes down that somebody is given the content, before it leaves, and only
// while the link is in force.
func (l *Links) open(ctx context.Context, id, who, ticket string) error {
	return l.config.DB.Write(ctx, func(tx database.Tx) error {
		now := l.config.Now().Unix()
		n, err := tx.Exec(`UPDATE shl_link SET opened = opened + 1 WHERE id = ?1 AND revoked = 0 AND until > ?2`, id, now)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrGone
		}
		var nth int64
		if _, err := database.Row(tx, `SELECT opened FROM shl_link WHERE id = ?1`, []any{id}, &nth); err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO shl_opening (link, nth, at, recipient) VALUES (?1, ?2, ?3, ?4)`, id, nth, now, who); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM shl_opening WHERE link = ?1 AND nth <= ?2`, id, nth-openings); err != nil {
			return err
		}
		if ticket == "" {
			return nil
		}
		if _, err := tx.Exec(`DELETE FROM shl_ticket WHERE until <= ?1`, now); err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO shl_ticket (id, link, until) VALUES (?1, ?2, ?3)`, idOf(ticket), id, now+int64(ticketLife/time.Second))
		return err
	})
}

func (l *Links) fail(w http.ResponseWriter, err error) {
	if wrong, ok := errors.AsType[*wrongPasscode](err); ok {
		reply(w, http.StatusUnauthorized, struct {
			RemainingAttempts int64 `json:"remainingAttempts"`
		}{wrong.left})
		return
	}
	if errors.Is(err, ErrGone) {
		refuse(w, http.StatusNotFound)
		return
	}
	if !errors.Is(err, context.Canceled) {
		l.config.Report(fmt.Errorf("open a link: %w", err))
	}
	w.Header().Set("Retry-After", "10")
	refuse(w, http.StatusServiceUnavailable)
}

func refuse(w http.ResponseWriter, status int) {
	reply(w, status, struct {
		Error string `json:"error"`
	}{http.StatusText(status)})
}

func reply(w http.ResponseWriter, status int, answer any) {
	document, err := json.Marshal(answer)
	if err != nil {
		status, document = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(document)
}

func send(w http.ResponseWriter, jwe []byte) {
	w.Header().Set("Content-Type", "application/jose")
	w.Write(jwe)
}
