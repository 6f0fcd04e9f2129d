package config

import (
	"fmt"
	"strings"
)

// form is what the value of a key looks like.
type form int

const (
	textForm form = iota
	urlForm
	durationForm
	minutesForm
	daysForm
	regionForm
	zoneForm
	addressForm
	listForm
	choiceForm
)

// key is one setting.
type key struct {
	name    string
	meaning string
	initial string // default, "" for none
	shown   string // what the table says of the default; "" shows initial
	form    form
	choices []string
	secret  bool // has a sibling name + "_file"
	off     bool // "off", or nothing, is a value too
}

// keys are the settings in the order of the table.
var keys = []key{
	{name: "dhis2.url", meaning: "base URL of the DHIS2 server, without /api", shown: "required", form: urlForm},
	{name: "dhis2.token", meaning: "personal access token", shown: "required, or user name and password", secret: true},
	{name: "dhis2.username", meaning: "user of basic authentication", secret: true},
	{name: "dhis2.password", meaning: "password of basic authentication", secret: true},
	{name: "dhis2.poll", meaning: "poll interval", initial: "10s", form: durationForm},
	{name: "dhis2.overlap", meaning: "how far each poll looks back", initial: "15m", form: durationForm},
	{name: "dhis2.zone", meaning: "zone of the server's wall time", shown: "the server's serverTimeZoneId; without a server the map's zone", form: zoneForm},
	{name: "dhis2.replication.url", meaning: "PostgreSQL of DHIS2 for the replication hint", shown: "off", secret: true},
	{name: "dhis2.events.url", meaning: "URL or DHIS2 Route that is notified of each changed tracked entity", shown: "off", form: urlForm},
	{name: "dhis2.events.secret", meaning: "key that signs the notifications", secret: true},
	{name: "nehr.url", meaning: "FHIR base of the national record", shown: "required", form: urlForm},
	{name: "nehr.token", meaning: "bearer token", secret: true},
	{name: "nehr.oauth.token_url", meaning: "token endpoint of the authorization server", form: urlForm},
	{name: "nehr.oauth.client_id", meaning: "OAuth client"},
	{name: "nehr.oauth.client_secret", meaning: "OAuth client secret", secret: true},
	{name: "nehr.oauth.key_file", meaning: "private key of the OAuth client, instead of a secret"},
	{name: "nehr.ca_file", meaning: "certificate authorities to trust, PEM", shown: "those of the system"},
	{name: "nehr.cert_file", meaning: "client certificate for mutual TLS, PEM"},
	{name: "nehr.key_file", meaning: "key of the client certificate, PEM"},
	{name: "nehr.write", meaning: "how owned resources are written", initial: "by-id", form: choiceForm, choices: []string{"by-id", "conditional"}},
	{name: "nehr.retract", meaning: "how untrue facts are taken back", initial: "entered-in-error", form: choiceForm, choices: []string{"entered-in-error", "delete"}},
	{name: "ledger.url", meaning: "file of the SQLite database, or postgres://…", shown: "nehrbridge.db in data_dir", secret: true},
	{name: "data_dir", meaning: "where files are kept", initial: "./nehrbridge-data"},
	{name: "maps", meaning: "UID map files beside the embedded lk-anc and who-anc; in the environment separated by commas", shown: "the embedded ones", form: listForm},
	{name: "zone", meaning: "zone that instants are written in", shown: "that of dhis2.zone", form: zoneForm},
	{name: "esignet.issuer", meaning: "issuer in the system of the eSignet subject identifier", shown: "not sent"},
	{name: "esignet.relying_party", meaning: "relying party in the system of the eSignet subject identifier", shown: "not sent"},
	{name: "esignet.clients", meaning: "files of the clients at eSignet that the relying party uses; in the environment separated by commas", shown: "required by `rp`", form: listForm},
	{name: "esignet.claims", meaning: "claim map files beside the embedded lk-anc; in the environment separated by commas", shown: "the embedded one", form: listForm},
	{name: "esignet.route.secret", meaning: "what the Route of DHIS2 sends as ApiToken, 32 characters or more; two separated by a blank while one is replaced", shown: "required by `rp`", secret: true},
	{name: "esignet.phone.url", meaning: "public address of the relying party, for the sign-in on a person's own phone", shown: "off", form: urlForm},
	{name: "esignet.evidence.keys", meaning: "files of 32 random bytes in base64; the first encrypts evidence, all open it", shown: "required by `rp`", form: listForm},
	{name: "esignet.evidence.signing_keys", meaning: "private keys, PEM or JWK; the first signs evidence, all verify it", shown: "required by `rp`", form: listForm},
	{name: "esignet.evidence.days", meaning: "how long evidence is kept, in days", initial: "3650", form: daysForm},
	{name: "esignet.login.url", meaning: "address of the service that signs DHIS2 users in with eSignet, as browsers and DHIS2 reach it", shown: "off", form: urlForm},
	{name: "esignet.login.way", meaning: "what stands between DHIS2 and eSignet", initial: "facade", form: choiceForm, choices: []string{"facade", "shim"}},
	{name: "esignet.login.client", meaning: "file of the client at eSignet, as in `esignet.clients` without redirect_uri and claims: for DPoP, endpoints, keys that follow each other, encrypted userinfo; in the place of the next five, `esignet.login.acr` and `esignet.issuer`", shown: "made of those"},
	{name: "esignet.login.generation", meaning: "release of eSignet", initial: "1.8", form: choiceForm, choices: []string{"1.5", "1.6", "1.7", "1.8", "2.0"}},
	{name: "esignet.login.discovery_url", meaning: "address of eSignet's metadata", shown: "at the issuer", form: urlForm},
	{name: "esignet.login.client_id", meaning: "client at eSignet", initial: "nehrbridge-login"},
	{name: "esignet.login.key_file", meaning: "private key of that client, PEM or JWK"},
	{name: "esignet.login.identity_keys_file", meaning: "public keys of the identity system, where eSignet does not publish them"},
	{name: "esignet.login.signing_keys", meaning: "private keys, RSA; the first signs id_tokens for DHIS2, all are published", form: listForm},
	{name: "esignet.login.claims", meaning: "claims to ask for, such as name; DHIS2 needs none", form: listForm},
	{name: "esignet.login.acr", meaning: "ways to sign in that are accepted", initial: "mosip:idp:acr:generated-code", form: listForm},
	{name: "esignet.login.dhis2_url", meaning: "DHIS2 as browsers reach it", shown: "`dhis2.url`", form: urlForm},
	{name: "esignet.login.dhis2_client", meaning: "client_id in dhis.conf", initial: "dhis2"},
	{name: "esignet.login.provider", meaning: "id of the provider in dhis.conf", initial: "esignet"},
	{name: "esignet.login.management_url", meaning: "eSignet's client management, such as https://esignet.example.org/v1/esignet", form: urlForm},
	{name: "esignet.login.management_token", meaning: "bearer token for it", secret: true},
	{name: "mapping.names", meaning: "family and given name of a full name", initial: "absent", form: choiceForm, choices: []string{"absent", "split-last"}},
	{name: "mapping.passport", meaning: "what stands in the place of a passport number", initial: "absent-reason", form: choiceForm, choices: []string{"absent-reason", "omit"}},
	{name: "mapping.plausibility", meaning: "where implausible facts are said", initial: "report", form: choiceForm, choices: []string{"report", "detected-issue"}},
	{name: "mapping.phone_region", meaning: "country of phone numbers without country code", initial: "LK", form: regionForm},
	{name: "mapping.appointment_minutes", meaning: "length of an appointment with a time, in minutes", initial: "30", form: minutesForm},
	{name: "mapping.route.secret", meaning: "what the Route `nehrbridge-map` sends as ApiToken, 32 characters or more; two separated by a blank while one is replaced", shown: "off: no mapping at Routes", secret: true},
	{name: "phn.accept", meaning: "which personal health numbers are sent", initial: "any", form: choiceForm, choices: []string{"any", "scheme"}},
	{name: "phn.scheme", meaning: "form of the personal health number", initial: "ndhgs2", form: choiceForm, choices: []string{"ndhgs2", "demo", "chims"}},
	{name: "phn.route.secret", meaning: "what the Route `nehrbridge-phn` sends as ApiToken, 32 characters or more; two separated by a blank while one is replaced", shown: "off: no search and no issue", secret: true},
	{name: "phn.points", meaning: "file of the points of issue: organisation unit → four characters", shown: "nothing is issued"},
	{name: "phn.provisional", meaning: "issue a number while the national record cannot be reached, and look it up later", initial: "false", form: choiceForm, choices: []string{"false", "true"}},
	{name: "portal.patient.url", meaning: "the mothers' portal as browsers reach it, https", shown: "off", form: urlForm},
	{name: "portal.patient.listen", meaning: "address that the mothers' portal listens at", initial: "127.0.0.1:8081", form: addressForm},
	{name: "portal.patient.client", meaning: "file of its client at eSignet, as in `esignet.clients` without redirect_uri and claims"},
	{name: "portal.clinician.url", meaning: "the clinicians' portal as browsers reach it, https", shown: "off", form: urlForm},
	{name: "portal.clinician.listen", meaning: "address that the clinicians' portal listens at", initial: "127.0.0.1:8082", form: addressForm},
	{name: "portal.clinician.client", meaning: "file of its client at eSignet"},
	{name: "portal.drafts.key", meaning: "key that seals what clinicians write until it is in the record, 32 characters or more", shown: "required by the clinicians' portal", secret: true},
	{name: "portal.help_phone", meaning: "telephone number for help, on every page", shown: "none"},
	{name: "portal.exit_url", meaning: "harmless page that quick exit leads to, https", shown: "`https://www.wikipedia.org/`", form: urlForm},
	{name: "portal.proxies", meaning: "addresses or networks of the proxies before the portals, whose X-Forwarded-For is believed", shown: "none", form: listForm},
	{name: "portal.queues", meaning: "references such as Organization/1 of organisations that are no facility: a referral to one gives nobody access", shown: "none", form: listForm},
	{name: "portal.emergency.url", meaning: "URL that is told of each break-glass", shown: "off", form: urlForm},
	{name: "portal.emergency.secret", meaning: "key that signs those notices, 16 characters or more", secret: true},
	{name: "portal.emergency.sensitive", meaning: "break-glass shows what is labelled as sensitive", initial: "false", form: choiceForm, choices: []string{"false", "true"}},
	{name: "portal.emergency.denied", meaning: "break-glass shows what she denied", initial: "false", form: choiceForm, choices: []string{"false", "true"}},
	{name: "listen", meaning: "address of the services", initial: "127.0.0.1:8080", form: addressForm},
	{name: "metrics.listen", meaning: "address of the metrics, or `off`", initial: "127.0.0.1:9090", form: addressForm, off: true},
	{name: "console.listen", meaning: "address of the operators' console", initial: "127.0.0.1:9091", form: addressForm},
}

// environment is the variable of a key.
func environment(name string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(name, ".", "_"))
}

const envPrefix = "NEHRBRIDGE_"

// fileSuffix marks the key that names the file of a secret.
const fileSuffix = "_file"

// allKeys is every name that a file may use, with its form: the settings and
// the files of secrets.
func allKeys() map[string]key {
	all := make(map[string]key, 2*len(keys))
	for _, k := range keys {
		all[k.name] = k
		if k.secret {
			all[k.name+fileSuffix] = key{name: k.name + fileSuffix}
		}
	}
	return all
}

// Table is the settings as a Markdown table: key, meaning, default,
// environment variable. A key marked † may instead be given as a file, by the
// key and variable with _file or _FILE at the end.
func Table() string {
	var b strings.Builder
	b.WriteString("| key | meaning | default | environment |\n|---|---|---|---|\n")
	for _, k := range keys {
		name, initial, meaning := "`"+k.name+"`", k.shown, k.meaning
		if k.secret {
			name += " †"
		}
		if initial == "" && k.initial != "" {
			initial = "`" + k.initial + "`"
		}
		if len(k.choices) > 0 {
			meaning += ": `" + strings.Join(k.choices, "` or `") + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | `%s` |\n", name, meaning, initial, environment(k.name))
	}
	return b.String()
}
