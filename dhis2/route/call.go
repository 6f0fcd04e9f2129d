package route

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/go-json-experiment/json"
)

// None is the body of a call that has none.
type None struct{}

// Call is what a call with a JSON body goes through: who asks, how often, a strict
// body, then do. What do gives is answered as JSON; an error that is no *Refusal is
// told to nobody. name stands in the log and in metrics.
func Call[B any](g *Gate, name string, do func(ctx context.Context, who Caller, r *http.Request, body B) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		Protect(w.Header())
		ctx, cancel := context.WithTimeout(r.Context(), g.config.Patience)
		defer cancel()
		answer, err := func() (any, error) {
			who, err := g.admit(r)
			if err != nil {
				return nil, err
			}
			var body B
			if _, without := any(body).(None); !without {
				if err := readBody(http.MaxBytesReader(w, r.Body, g.config.MaxBody), r.Header, &body); err != nil {
					return nil, err
				}
			}
			return do(ctx, who, r, body)
		}()
		if err != nil {
			g.refused(w, name, err)
			return
		}
		g.Count(name, nil)
		g.config.Log.Info().Str("call", name).Msg("answered")
		g.write(w, http.StatusOK, answer)
	}
}

// refused answers a refusal, and logs and counts it.
func (g *Gate) refused(w http.ResponseWriter, name string, err error) {
	g.Count(name, err)
	r := refusalOf(err)
	status := r.answer().Status
	g.Log(name, r)
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	g.write(w, status, r.Problem())
}

// Log writes the one line of a refusal.
func (g *Gate) Log(name string, err error) {
	r := refusalOf(err)
	event := g.config.Log.Warn()
	if r.Alarm || r.Code == CodeInternal {
		event = g.config.Log.Error()
	}
	if r.Alarm {
		event = event.Bool("forged", true)
	}
	reason := r.Detail
	if r.Err != nil {
		reason += ": " + r.Err.Error()
	}
	event.Str("call", name).Int("status", r.answer().Status).Str("code", string(r.Code)).Str("stage", r.Stage).Str("reason", reason).Msg("refused")
}

func (g *Gate) write(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v, json.Deterministic(true)) // one answer, one text: no two refusals are told apart by the order of their languages
	if err != nil {
		g.config.Log.Error().Msg("an answer cannot be written")
		status, body = http.StatusInternalServerError, []byte(`{"error":{"code":"internal"}}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // whoever asked has gone
}

// readBody reads JSON: no unknown member, none twice, nothing after it.
func readBody(body io.Reader, header http.Header, v any) error {
	if kind, _, err := mime.ParseMediaType(header.Get("Content-Type")); err != nil || kind != "application/json" {
		return Refuse(CodeMalformed, "the body is not application/json")
	}
	data, err := io.ReadAll(body)
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return Refuse(CodeTooLarge, "the body is longer than is read")
	} else if err != nil {
		return Refuse(CodeMalformed, "the body ends early")
	}
	// The cause is not kept: it quotes what was sent.
	if err := json.Unmarshal(data, v, json.RejectUnknownMembers(true)); err != nil {
		return Refuse(CodeMalformed, "the body is not what the contract says")
	}
	return nil
}
