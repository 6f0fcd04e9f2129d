package login

import (
	"errors"
	"fmt"
	"io"

	"github.com/VictoriaMetrics/metrics"

	"github.com/nehrbridge/nehrbridge/esignet"
)

// Results of a call beside the codes of esignet and the error codes of OAuth 2.0
// (RFC 6749).
const (
	resultDone      = "done"
	resultRequested = "requested" // verified, and nobody has linked the person yet
	resultRevoked   = "revoked"   // verified, and an administrator has said no
	resultForeign   = "foreign"   // not the configured DHIS2
	resultBrowser   = "browser"   // an answer of another browser, or a second time, or too late
	resultLimit     = "limit"     // too many at once
	resultToken     = "token"     // an access token that is unknown or expired
	resultInternal  = "internal"  // the database or the keys of this service
)

// meter counts, without any value of a person.
type meter struct{ set *metrics.Set }

// newMeter has what goes well from the start, so that a rate has something to
// begin from.
func newMeter(calls ...string) *meter {
	m := &meter{metrics.NewSet()}
	for _, call := range calls {
		m.counter(call, resultDone)
	}
	return m
}

func (m *meter) counter(call, result string) *metrics.Counter {
	return m.set.GetOrCreateCounter(fmt.Sprintf(`nehrbridge_login_calls_total{call=%q,result=%q}`, call, result))
}

func (m *meter) called(call, result string) { m.counter(call, result).Inc() }

// resultOf is the code of esignet where an error has one.
func resultOf(err error, otherwise string) string {
	if e, ok := errors.AsType[*esignet.Error](err); ok {
		return string(e.Code)
	}
	return otherwise
}

// WriteMetrics writes the metrics in Prometheus text format:
// nehrbridge_login_calls_total by call (authorize, callback, token, userinfo) and
// result, nehrbridge_login_attempts, nehrbridge_login_tokens.
func (s *Service) WriteMetrics(w io.Writer) { s.meter.set.WritePrometheus(w) }

// WriteMetrics writes nehrbridge_login_calls_total of the one call shim.
func (s *Shim) WriteMetrics(w io.Writer) { s.meter.set.WritePrometheus(w) }
