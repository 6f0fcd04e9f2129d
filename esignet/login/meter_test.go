package login_test

import (
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/esignet/sandbox"
)

// TestMetrics: each way a sign-in can end is counted, and nothing of a person is in
// a label.
func TestMetrics(t *testing.T) {
	w := newWorld(t, sandbox.V18)
	figures := func() string {
		var b strings.Builder
		w.service.WriteMetrics(&b)
		return b.String()
	}
	for _, call := range []string{"authorize", "callback", "token", "userinfo"} {
		if want := `nehrbridge_login_calls_total{call="` + call + `",result="done"} 0`; !strings.Contains(figures(), want+"\n") {
			t.Errorf("no %s at the start:\n%s", want, figures())
		}
	}
	w.callback(w.browser(), nurse) // nobody knows her yet
	w.link(nurse, "nurse")
	b := w.browser()
	back := w.callback(b, nurse)
	if next, _, _ := w.get(b, back); next != w.dhis2URL+"/dhis-web-dashboard/" {
		t.Fatalf("DHIS2 sends to %s", next)
	}
	w.get(w.browser(), w.url+"/callback?state=somebody-elses&code=x")
	w.get(w.browser(), w.request(map[string][]string{"client_id": {"somebody"}}))
	w.get(w.browser(), w.request(map[string][]string{"prompt": {"none"}}))
	if status, _ := post(t, w.url+"/token", "grant_type=authorization_code", nil); status != 401 {
		t.Errorf("token: %d", status)
	}
	w.get(w.browser(), w.url+"/userinfo")
	w.begin(w.browser())
	got := figures()
	for _, want := range []string{
		`calls_total{call="authorize",result="done"} 3`, `calls_total{call="authorize",result="foreign"} 1`, `calls_total{call="authorize",result="login_required"} 1`,
		`calls_total{call="callback",result="done"} 1`, `calls_total{call="callback",result="requested"} 1`, `calls_total{call="callback",result="browser"} 1`,
		`calls_total{call="token",result="done"} 1`, `calls_total{call="token",result="invalid_client"} 1`,
		`calls_total{call="userinfo",result="done"} 1`, `calls_total{call="userinfo",result="token"} 1`, `attempts 1`, `tokens 1`,
	} {
		if !strings.Contains(got, "nehrbridge_login_"+want+"\n") {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if strings.Contains(got, nurse) || strings.Contains(got, sandbox.Subject(nurse, relyingParty)) || strings.Contains(got, "somebody") {
		t.Errorf("a value of a person or of a request is in the metrics:\n%s", got)
	}
}
