package config

import (
	"errors"
	"strings"
	"testing"
)

const esignetClientFile = `issuer: https://esignet.example.org
generation: "1.8"
client_id: anc
relying_party: health
redirect_uri: https://dhis2.example.org/callback.html
claims: [lk-anc]
keys:
  - {file: client.pem, from: 2026-01-31T00:00:00Z}
`

func TestESignetClients(t *testing.T) {
	all, err := ESignetClients([]string{write(t, "client.yaml", esignetClientFile)})
	if err != nil || len(all) != 1 || all[0].Generation != "1.8" || all[0].Keys[0].From.Year() != 2026 || !all[0].Keys[0].Until.IsZero() {
		t.Errorf("%+v, %v", all, err)
	}
	for _, test := range []struct{ from, to, want string }{
		{"issuer: https://esignet.example.org", "issuer: esignet", ":1:9: issuer: want a URL"},
		{"client_id: anc\n", "", "client_id: client_id is missing"},
		{"client_id: anc", "clientid: anc", ":3:1: clientid: unknown key: did you mean client_id?"},
		{"2026-01-31T00:00:00Z", "31.1.2026", "keys[0].from: want a time such as"},
		{"{file: client.pem, ", "{", "keys[0].file: the file of the key is missing"},
		{"00:00Z}", "00:00Z, until: 2025-01-01T00:00:00Z}", "keys[0].until: ends before it begins"},
		{"claims: [lk-anc]", "claims: []", "claims: want the names"},
	} {
		_, err := ESignetClients([]string{write(t, "client.yaml", strings.Replace(esignetClientFile, test.from, test.to, 1))})
		if e, ok := errors.AsType[*MapError](err); !ok || !strings.Contains(e.Error(), test.want) {
			t.Errorf("%v\nlacks %s", err, test.want)
		}
	}
	if _, err := ESignetClients([]string{"nowhere.yaml"}); err == nil {
		t.Error("a file that is not there")
	}
}

// TestLoginClient: the same form without what only forms need.
func TestLoginClient(t *testing.T) {
	file := strings.NewReplacer("redirect_uri: https://dhis2.example.org/callback.html\n", "", "claims: [lk-anc]\n", "").Replace(esignetClientFile)
	c, err := LoginClient(write(t, "client.yaml", file+"dpop: true\ndecryption_keys: [{file: opens.pem}]\nendpoints: {token: https://inside.example.org/token}\n"))
	if err != nil || !c.DPoP || c.DecryptionKeys[0].File != "opens.pem" || c.Endpoints.Token == "" {
		t.Errorf("%+v, %v", c, err)
	}
	_, err = LoginClient(write(t, "client.yaml", esignetClientFile))
	if e, ok := errors.AsType[*MapError](err); !ok || !strings.Contains(e.Error(), ":5:15: redirect_uri: leave it away") || !strings.Contains(e.Error(), "claims: leave them away") {
		t.Errorf("%v", err)
	}
	if _, err := LoginClient("nowhere.yaml"); err == nil {
		t.Error("a file that is not there")
	}
}
