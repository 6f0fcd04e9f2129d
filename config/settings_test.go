package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/mapper"
)

func settingProblems(t *testing.T, err error) []SettingProblem {
	t.Helper()
	e, ok := errors.AsType[*SettingsError](err)
	if !ok {
		t.Fatalf("got %v, want a *SettingsError", err)
	}
	return e.Problems
}

func TestLoad_defaults(t *testing.T) {
	s, err := Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &Settings{
		DHIS2:   DHIS2{Poll: 10 * time.Second, Overlap: 15 * time.Minute},
		NEHR:    NEHR{Write: WriteByID, Retract: RetractError},
		Ledger:  Ledger{URL: Secret(filepath.Join("nehrbridge-data", "nehrbridge.db"))},
		DataDir: "./nehrbridge-data",
		ESignet: ESignet{Evidence: Evidence{Days: 3650}, Login: Login{Way: "facade", Generation: "1.8", ClientID: "nehrbridge-login", ACR: []string{"mosip:idp:acr:generated-code"}, DHIS2Client: "dhis2", Provider: "esignet"}},
		Mapping: Mapping{Names: mapper.NamesAbsent, Passport: mapper.PassportAbsentReason, Plausibility: mapper.PlausibilityReport, PhoneRegion: "LK", AppointmentMinutes: 30},
		PHN:     PHN{Accept: AcceptAny, Scheme: "ndhgs2"},
		Portal:  Portals{Patient: Portal{Listen: "127.0.0.1:8081"}, Clinician: Portal{Listen: "127.0.0.1:8082"}},
		Listen:  "127.0.0.1:8080", Metrics: Address{Listen: "127.0.0.1:9090"}, Console: Address{Listen: "127.0.0.1:9091"},
	}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got %+v\nwant %+v", s, want)
	}
	if err := s.ForMap(); err != nil {
		t.Errorf("map needs no setting: %v", err)
	}
	p := settingProblems(t, s.ForSync())
	if len(p) != 3 || p[0].Key != "dhis2.url" || p[1].Key != "dhis2.token" || p[2].Key != "nehr.url" {
		t.Errorf("got %v, want the three that sync needs", p)
	}
	if len(settingProblems(t, s.ForDHIS2())) != 2 || len(settingProblems(t, s.ForNEHR())) != 1 {
		t.Error("lint needs DHIS2 only, validate the record only")
	}
}

const file = `dhis2:
  url: https://dhis2.example.org/anc/
  token: d2pat_file
  poll: 30s
nehr:
  url: https://nehr.example.org/fhir
  write: conditional
maps: [one.yaml, two.yaml]
mapping:
  names: split-last
  appointment_minutes: 45
zone: Asia/Colombo
`

func TestLoad_fileThenEnvironment(t *testing.T) {
	path := write(t, "nehrbridge.yaml", file)
	s, err := Load(path, []string{
		"PATH=/bin", "NEHRBRIDGE_DHIS2_TOKEN=d2pat_env", "NEHRBRIDGE_MAPS=three.yaml,four.yaml",
		"NEHRBRIDGE_MAPPING_PHONE_REGION=NO", "NEHRBRIDGE_NEHR_URL=", "NEHRBRIDGE_LEDGER_URL=postgres://u:p@db/n",
		// What Kubernetes sets for a service of this name.
		"NEHRBRIDGE_SERVICE_HOST=10.0.0.1", "NEHRBRIDGE_PORT=tcp://10.0.0.1:8080", "NEHRBRIDGE_PORT_8080_TCP_ADDR=10.0.0.1",
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.DHIS2.URL != "https://dhis2.example.org/anc" || s.DHIS2.Token.Reveal() != "d2pat_env" || s.DHIS2.Poll != 30*time.Second ||
		s.NEHR.URL != "https://nehr.example.org/fhir" || s.NEHR.Write != WriteConditional || s.Mapping.Names != mapper.NamesSplitLast ||
		s.Mapping.AppointmentMinutes != 45 || s.Mapping.PhoneRegion != "NO" || s.Zone != "Asia/Colombo" ||
		s.Ledger.URL.Reveal() != "postgres://u:p@db/n" || !slices.Equal(s.Maps, []string{"three.yaml", "four.yaml"}) {
		t.Errorf("got %+v", s)
	}
	if err := s.ForSync(); err != nil {
		t.Error(err)
	}
}

// TestLoad_everyKey: each key of the table reaches its field, from the file
// and from the environment.
func TestLoad_everyKey(t *testing.T) {
	sample := map[form]string{
		textForm: "sample", urlForm: "https://example.org/x", durationForm: "20m", minutesForm: "7", daysForm: "365", regionForm: "NO",
		zoneForm: "Europe/Oslo", addressForm: ":1", listForm: "a.yaml",
	}
	// What a single key would contradict alone.
	with := map[string][]string{
		"dhis2.username": {"dhis2.password"}, "dhis2.password": {"dhis2.username"}, "dhis2.poll": {"dhis2.overlap"},
		"portal.emergency.url": {"portal.emergency.secret"}, "portal.emergency.secret": {"portal.emergency.url"},
		"dhis2.events.url": {"dhis2.events.secret"}, "dhis2.events.secret": {"dhis2.events.url"},
		"nehr.oauth.token_url": {"nehr.oauth.client_id", "nehr.oauth.key_file"}, "nehr.oauth.client_id": {"nehr.oauth.token_url", "nehr.oauth.key_file"},
		"nehr.oauth.client_secret": {"nehr.oauth.token_url", "nehr.oauth.client_id"}, "nehr.oauth.key_file": {"nehr.oauth.token_url", "nehr.oauth.client_id"},
		"nehr.cert_file": {"nehr.key_file"}, "nehr.key_file": {"nehr.cert_file"},
		"esignet.issuer": {"esignet.relying_party"}, "esignet.relying_party": {"esignet.issuer"},
	}
	text := func(name string) string {
		k := allKeys()[name]
		switch {
		case name == "dhis2.replication.url":
			return "postgres://example.org/dhis"
		case name == "portal.proxies":
			return "10.0.0.0/8"
		case name == "portal.drafts.key":
			return "8f1c0b6f2d5e4a7b9c3d0e1f2a3b4c5d6e7f"
		case k.form == choiceForm:
			return k.choices[len(k.choices)-1]
		}
		return sample[k.form]
	}
	for _, k := range keys {
		var environ []string
		var yaml strings.Builder
		for _, name := range append([]string{k.name}, with[k.name]...) {
			environ = append(environ, environment(name)+"="+text(name))
			if allKeys()[name].form == listForm {
				fmt.Fprintf(&yaml, "%s: [%s]\n", name, text(name))
			} else {
				fmt.Fprintf(&yaml, "%s: %q\n", name, text(name))
			}
		}
		byEnv, err := Load("", environ)
		if err != nil {
			t.Errorf("%s from the environment: %v", k.name, err)
			continue
		}
		byFile, err := Load(write(t, "x.yaml", yaml.String()), nil)
		if err != nil {
			t.Errorf("%s from the file: %v", k.name, err)
			continue
		}
		none, _ := Load("", nil)
		if reflect.DeepEqual(byEnv, none) || !reflect.DeepEqual(byEnv, byFile) {
			t.Errorf("%s changes nothing, or the file differs from the environment:\n%+v\n%+v", k.name, byEnv, byFile)
		}
	}
}

// TestLoad_keysAreTheFields: no field without a key, no key without a field.
func TestLoad_keysAreTheFields(t *testing.T) {
	var names []string
	var walk func(prefix string, s reflect.Type)
	walk = func(prefix string, s reflect.Type) {
		for f := range s.Fields() {
			name := prefix + f.Tag.Get("mapstructure")
			if strings.HasSuffix(name, "-") {
				continue // not from a setting
			}
			if f.Type.Kind() == reflect.Struct {
				walk(name+".", f.Type)
				continue
			}
			names = append(names, name)
		}
	}
	walk("", reflect.TypeFor[Settings]())
	var want []string
	for _, k := range keys {
		want = append(want, k.name)
	}
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("fields %v\nkeys %v", names, want)
	}
}

func TestLoad_wrong(t *testing.T) {
	tests := []struct {
		name, file string
		environ    []string
		want       string
	}{
		{name: "unknown key", file: "dhis2:\n  ulr: https://example.org\n", want: ":2:3: dhis2.ulr: unknown key: did you mean dhis2.url?"},
		{name: "unknown group", file: "dhis3:\n  url: https://example.org\n", want: ":1:1: dhis3: unknown key"},
		{name: "key twice", file: "zone: Asia/Colombo\nzone: Etc/UTC\n", want: ":2:1: zone: the key stands twice"},
		{name: "key twice in two spellings", file: "dhis2:\n  url: https://example.org\ndhis2.url: https://example.org\n", want: ":3:1: dhis2.url: the key stands twice"},
		{name: "a group for a value", file: "zone:\n  a: b\n", want: ":2:3: zone: want a single value"},
		{name: "a value for a group", file: "dhis2: https://example.org\n", want: ":1:8: dhis2: want the keys below dhis2"},
		{name: "a text for a list", file: "maps: one.yaml\n", want: ":1:7: maps: want a list"},
		{name: "no value", file: "zone:\n", want: ":1:1: zone: has no value"},
		{name: "not YAML", file: "zone: {a\n", want: "not YAML"},
		{name: "not a mapping", file: "- a\n", want: "want keys"},
		{name: "unknown variable", environ: []string{"NEHRBRIDGE_DHIS2_TOKN=x"}, want: "NEHRBRIDGE_DHIS2_TOKN: unknown variable: did you mean NEHRBRIDGE_DHIS2_TOKEN?"},
		{name: "URL without scheme", environ: []string{"NEHRBRIDGE_NEHR_URL=nehr.example.org"}, want: "NEHRBRIDGE_NEHR_URL: nehr.url: want a URL"},
		{name: "URL with a password", environ: []string{"NEHRBRIDGE_NEHR_URL=https://u:hidden@example.org"}, want: "without user and password"},
		{name: "URL with /api", environ: []string{"NEHRBRIDGE_DHIS2_URL=https://example.org/api/"}, want: "dhis2.url: leave /api away"},
		{name: "duration", environ: []string{"NEHRBRIDGE_DHIS2_POLL=10"}, want: "dhis2.poll: want a duration"},
		{name: "overlap", environ: []string{"NEHRBRIDGE_DHIS2_POLL=1h"}, want: "dhis2.overlap: must not be shorter"},
		{name: "choice", environ: []string{"NEHRBRIDGE_NEHR_WRITE=put"}, want: "nehr.write: want one of by-id, conditional"},
		{name: "zone", environ: []string{"NEHRBRIDGE_ZONE=Local"}, want: "zone: want an IANA time zone"},
		{name: "region", environ: []string{"NEHRBRIDGE_MAPPING_PHONE_REGION=lk"}, want: "mapping.phone_region: want a country"},
		{name: "minutes", environ: []string{"NEHRBRIDGE_MAPPING_APPOINTMENT_MINUTES=0"}, want: "mapping.appointment_minutes: want a whole number"},
		{name: "address", environ: []string{"NEHRBRIDGE_LISTEN=8080"}, want: "listen: want an address"},
		{name: "token and password", environ: []string{"NEHRBRIDGE_DHIS2_TOKEN=a", "NEHRBRIDGE_DHIS2_USERNAME=u", "NEHRBRIDGE_DHIS2_PASSWORD=hidden"}, want: "dhis2.token: both a token"},
		{name: "user without password", environ: []string{"NEHRBRIDGE_DHIS2_USERNAME=u"}, want: "dhis2.username: user name and password go together"},
		{name: "installed password", environ: []string{"NEHRBRIDGE_DHIS2_URL=https://example.org", "NEHRBRIDGE_DHIS2_USERNAME=admin", "NEHRBRIDGE_DHIS2_PASSWORD=district"}, want: "dhis2.password: everybody knows this secret"},
		{name: "OAuth by halves", environ: []string{"NEHRBRIDGE_NEHR_OAUTH_CLIENT_ID=c"}, want: "OAuth needs token_url"},
		{name: "OAuth and token", environ: []string{"NEHRBRIDGE_NEHR_OAUTH_CLIENT_ID=c", "NEHRBRIDGE_NEHR_OAUTH_TOKEN_URL=https://example.org", "NEHRBRIDGE_NEHR_OAUTH_CLIENT_SECRET=hidden", "NEHRBRIDGE_NEHR_TOKEN=hidden"}, want: "nehr.token: both a token and OAuth"},
		{name: "half a certificate", environ: []string{"NEHRBRIDGE_NEHR_CERT_FILE=c.pem"}, want: "nehr.cert_file and nehr.key_file go together"},
		{name: "half an eSignet subject", environ: []string{"NEHRBRIDGE_ESIGNET_ISSUER=https://example.org"}, want: "esignet.issuer and esignet.relying_party go together"},
		{name: "unsigned notifications", environ: []string{"NEHRBRIDGE_DHIS2_EVENTS_URL=https://example.org"}, want: "dhis2.events.secret"},
		{name: "a portal without TLS", environ: []string{"NEHRBRIDGE_PORTAL_PATIENT_URL=http://example.org"}, want: "portal.patient.url: want https"},
		{name: "two portals at one address", environ: []string{"NEHRBRIDGE_PORTAL_PATIENT_URL=https://example.org", "NEHRBRIDGE_PORTAL_CLINICIAN_URL=https://example.org"}, want: "portal.clinician.url: want another address"},
		{name: "an exit without TLS", environ: []string{"NEHRBRIDGE_PORTAL_EXIT_URL=http://example.org"}, want: "portal.exit_url: want https"},
		{name: "a proxy by name", environ: []string{"NEHRBRIDGE_PORTAL_PROXIES=proxy.example.org"}, want: "portal.proxies: want addresses"},
		{name: "unsigned notices", environ: []string{"NEHRBRIDGE_PORTAL_EMERGENCY_URL=https://example.org"}, want: "portal.emergency.secret"},
		{name: "a short key of drafts", environ: []string{"NEHRBRIDGE_PORTAL_DRAFTS_KEY=hidden"}, want: "portal.drafts.key: want 32 characters"},
		{name: "another database", environ: []string{"NEHRBRIDGE_LEDGER_URL=mysql://u:hidden@db"}, want: "ledger.url: want a file path or postgres://"},
		{name: "another database of DHIS2", environ: []string{"NEHRBRIDGE_DHIS2_REPLICATION_URL=hidden"}, want: "dhis2.replication.url: want postgres://"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := ""
			if tt.file != "" {
				path = write(t, "x.yaml", tt.file)
			}
			_, err := Load(path, tt.environ)
			settingProblems(t, err)
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
			if strings.Contains(err.Error(), "hidden") {
				t.Errorf("the error shows a value: %v", err)
			}
		})
	}
}

func TestLoad_everyMistakeAtOnce(t *testing.T) {
	_, err := Load(write(t, "x.yaml", "zne: a\nnehr: {write: put}\nlisten: x\n"), []string{"NEHRBRIDGE_ZONE=Mars"})
	if p := settingProblems(t, err); len(p) != 4 {
		t.Errorf("got %d problems, want 4: %v", len(p), err)
	}
}

func TestLoad_installedPasswordOnThisMachine(t *testing.T) {
	for _, host := range []string{"localhost:8080", "127.0.0.1", "[::1]:8080"} {
		if _, err := Load("", []string{"NEHRBRIDGE_DHIS2_URL=http://" + host, "NEHRBRIDGE_DHIS2_USERNAME=admin", "NEHRBRIDGE_DHIS2_PASSWORD=district"}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestLoad_missingFile(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "absent.yaml"), nil); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("got %v", err)
	}
}

func TestLoad_secretFiles(t *testing.T) {
	secret := write(t, "token", "d2pat_secret\n")
	s, err := Load(write(t, "x.yaml", "dhis2:\n  token_file: "+secret+"\n"), nil)
	if err != nil || s.DHIS2.Token.Reveal() != "d2pat_secret" {
		t.Fatalf("got %v, %v; want the token of the file without its line break", s, err)
	}
	if s, err = Load("", []string{"NEHRBRIDGE_DHIS2_TOKEN_FILE=" + secret}); err != nil || s.DHIS2.Token.Reveal() != "d2pat_secret" {
		t.Fatalf("by environment: got %v, %v", s, err)
	}
	open := write(t, "open", "d2pat_secret")
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ environ, want string }{
		"both":     {"NEHRBRIDGE_DHIS2_TOKEN=x NEHRBRIDGE_DHIS2_TOKEN_FILE=" + secret, "both dhis2.token and dhis2.token_file"},
		"readable": {"NEHRBRIDGE_DHIS2_TOKEN_FILE=" + open, "others can read the file (mode 0644)"},
		"absent":   {"NEHRBRIDGE_DHIS2_TOKEN_FILE=" + secret + "x", "cannot be read"},
		"empty":    {"NEHRBRIDGE_DHIS2_TOKEN_FILE=" + write(t, "empty", "\n"), "the file is empty"},
	} {
		_, err := Load("", strings.Fields(tt.environ))
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "d2pat_secret") {
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		}
	}
}

func TestSecret_isNeverShown(t *testing.T) {
	s, err := Load("", []string{"NEHRBRIDGE_DHIS2_TOKEN=hidden", "NEHRBRIDGE_LEDGER_URL=postgres://u:hidden@db/n"})
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%+v", *s), fmt.Sprintf("%#v", *s), fmt.Sprintf("%q", s.DHIS2.Token), string(encoded)} {
		if strings.Contains(text, "hidden") {
			t.Errorf("shows the secret: %s", text)
		}
	}
}

func TestTable(t *testing.T) {
	got := Table()
	for _, want := range []string{
		"| key | meaning | default | environment |\n|---|---|---|---|\n",
		"| `dhis2.token` † | personal access token | required, or user name and password | `NEHRBRIDGE_DHIS2_TOKEN` |\n",
		"| `nehr.write` | how owned resources are written: `by-id` or `conditional` | `by-id` | `NEHRBRIDGE_NEHR_WRITE` |\n",
		"| `data_dir` | where files are kept | `./nehrbridge-data` | `NEHRBRIDGE_DATA_DIR` |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no line %q", want)
		}
	}
	if n := strings.Count(got, "\n"); n != len(keys)+2 {
		t.Errorf("got %d lines, want %d", n, len(keys)+2)
	}
}

// TestLoad_metricsOff: an operator may do without the metrics, and it is known
// whether the address is one that somebody chose.
func TestLoad_metricsOff(t *testing.T) {
	for _, test := range []struct {
		name, yaml string
		environ    []string
		want       Address
	}{
		{name: "default", want: Address{Listen: "127.0.0.1:9090"}},
		{name: "off", environ: []string{"NEHRBRIDGE_METRICS_LISTEN=off"}, want: Address{Given: true}},
		{name: "nothing", yaml: `metrics: {listen: ""}`, want: Address{Given: true}},
		{name: "chosen", yaml: `metrics: {listen: ":9100"}`, want: Address{Listen: ":9100", Given: true}},
		{name: "the default, chosen", yaml: `metrics: {listen: "127.0.0.1:9090"}`, want: Address{Listen: "127.0.0.1:9090", Given: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := Load(write(t, "x.yaml", test.yaml+"\n"), test.environ)
			if err != nil {
				t.Fatal(err)
			}
			if s.Metrics != test.want {
				t.Errorf("got %+v, want %+v", s.Metrics, test.want)
			}
		})
	}
	if _, err := Load("", []string{"NEHRBRIDGE_LISTEN=off"}); err == nil {
		t.Error("the services were turned off")
	}
}
