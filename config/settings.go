package config

import (
	"time"

	"github.com/nehrbridge/nehrbridge/mapper"
)

// Settings is what an operator decides, from the file, the environment and
// secret files. Keys, defaults and meanings: Table. Only Load makes one, so
// what is set is well formed; what a command needs, its For… method demands.
type Settings struct {
	DHIS2   DHIS2    `mapstructure:"dhis2"`
	NEHR    NEHR     `mapstructure:"nehr"`
	Ledger  Ledger   `mapstructure:"ledger"`
	DataDir string   `mapstructure:"data_dir"` // folder, made when needed
	Maps    []string `mapstructure:"maps"`     // files, for Maps
	Zone    string   `mapstructure:"zone"`     // IANA name, or "": the server's zone
	ESignet ESignet  `mapstructure:"esignet"`
	Mapping Mapping  `mapstructure:"mapping"`
	PHN     PHN      `mapstructure:"phn"`
	Portal  Portals  `mapstructure:"portal"`
	Listen  string   `mapstructure:"listen"` // host:port
	Metrics Address  `mapstructure:"metrics"`
	Console Address  `mapstructure:"console"`
}

// DHIS2 says where the DHIS2 server is and how to sign in: a personal access
// token, or a user name with a password.
type DHIS2 struct {
	URL         string        `mapstructure:"url"` // without /api and without a final slash
	Token       Secret        `mapstructure:"token"`
	Username    string        `mapstructure:"username"`
	Password    Secret        `mapstructure:"password"`
	Poll        time.Duration `mapstructure:"poll"`
	Overlap     time.Duration `mapstructure:"overlap"`
	Zone        string        `mapstructure:"zone"` // IANA name, or "": as the server says
	Replication Replication   `mapstructure:"replication"`
	Events      Events        `mapstructure:"events"`
}

// Replication is the PostgreSQL database of DHIS2, for the replication hint.
type Replication struct {
	URL Secret `mapstructure:"url"` // postgres://…, holds a password; "" is off
}

// Events is where changed tracked entities are notified to.
type Events struct {
	URL    string `mapstructure:"url"` // "" is off
	Secret Secret `mapstructure:"secret"`
}

// NEHR says where the national record is, how to sign in, and how to write.
type NEHR struct {
	URL      string  `mapstructure:"url"` // FHIR base, without a final slash
	Token    Secret  `mapstructure:"token"`
	OAuth    OAuth   `mapstructure:"oauth"`
	CAFile   string  `mapstructure:"ca_file"` // PEM; "" is the system's authorities
	CertFile string  `mapstructure:"cert_file"`
	KeyFile  string  `mapstructure:"key_file"`
	Write    Write   `mapstructure:"write"`
	Retract  Retract `mapstructure:"retract"`
}

// OAuth is the client of an authorization server (client credentials).
type OAuth struct {
	TokenURL     string `mapstructure:"token_url"`
	ClientID     string `mapstructure:"client_id"`
	ClientSecret Secret `mapstructure:"client_secret"`
	KeyFile      string `mapstructure:"key_file"` // private key for private_key_jwt, PEM or JWK
}

// Write is how resources that this system owns are written.
type Write string

// The ways to write (mapping.md, section 3).
const (
	WriteByID        Write = "by-id"       // PUT Type/{uuid}
	WriteConditional Write = "conditional" // PUT Type?identifier=…
)

// Retract is how facts that are no longer true are taken back.
type Retract string

// The ways to retract (mapping.md, section 4).
const (
	RetractError  Retract = "entered-in-error"
	RetractDelete Retract = "delete"
)

// Ledger is where the state of the synchronisation is kept.
type Ledger struct {
	URL Secret `mapstructure:"url"` // file path of the SQLite database, or postgres://…, which may hold a password
}

// ESignet qualifies the subject identifier, by issuer and relying party, both or
// none, and says what the relying party service works with.
type ESignet struct {
	Issuer       string       `mapstructure:"issuer"`
	RelyingParty string       `mapstructure:"relying_party"`
	Clients      []string     `mapstructure:"clients"` // files, for ESignetClients
	Claims       []string     `mapstructure:"claims"`  // files, for ClaimMaps
	Route        ESignetRoute `mapstructure:"route"`
	Phone        ESignetPhone `mapstructure:"phone"`
	Evidence     Evidence     `mapstructure:"evidence"`
	Login        Login        `mapstructure:"login"`
}

// ESignetRoute is how the Route of DHIS2 is known.
type ESignetRoute struct {
	Secret Secret `mapstructure:"secret"` // one, or several separated by white space
}

// ESignetPhone is where a person's own phone reaches the relying party.
type ESignetPhone struct {
	URL string `mapstructure:"url"` // "" is off
}

// Evidence is how it is kept that a person was verified. Of each list the first key
// is used for what is new, and all for what is there.
type Evidence struct {
	Keys        []string `mapstructure:"keys"`         // files, for rp.ParseSealKey
	SigningKeys []string `mapstructure:"signing_keys"` // files, for esignet.LoadKey
	Days        int      `mapstructure:"days"`         // how long it is kept
}

// Login signs the users of DHIS2 in with eSignet.
type Login struct {
	URL              string   `mapstructure:"url"`        // "" is off
	Way              string   `mapstructure:"way"`        // facade or shim
	Client           string   `mapstructure:"client"`     // file, for LoginClient
	Generation       string   `mapstructure:"generation"` // of eSignet
	DiscoveryURL     string   `mapstructure:"discovery_url"`
	ClientID         string   `mapstructure:"client_id"`
	KeyFile          string   `mapstructure:"key_file"`
	SigningKeys      []string `mapstructure:"signing_keys"` // files, for esignet.LoadKey; the first signs
	IdentityKeysFile string   `mapstructure:"identity_keys_file"`
	Claims           []string `mapstructure:"claims"`
	ACR              []string `mapstructure:"acr"`
	DHIS2URL         string   `mapstructure:"dhis2_url"` // "": DHIS2.URL
	DHIS2Client      string   `mapstructure:"dhis2_client"`
	Provider         string   `mapstructure:"provider"`
	ManagementURL    string   `mapstructure:"management_url"`
	ManagementToken  Secret   `mapstructure:"management_token"`
}

// Mapping holds the choices of mapping.md.
type Mapping struct {
	Names              mapper.NamePolicy         `mapstructure:"names"`
	Passport           mapper.PassportPolicy     `mapstructure:"passport"`
	Plausibility       mapper.PlausibilityPolicy `mapstructure:"plausibility"`
	PhoneRegion        string                    `mapstructure:"phone_region"`        // ISO 3166, two letters
	AppointmentMinutes int                       `mapstructure:"appointment_minutes"` // 1 to 1440
	Route              MappingRoute              `mapstructure:"route"`
}

// MappingRoute is how the Route of DHIS2 is known that has things mapped.
type MappingRoute struct {
	Secret Secret `mapstructure:"secret"` // one, or several separated by white space; "" is off
}

// PHN says which personal health numbers are sent, and how they are searched for and
// issued.
type PHN struct {
	Accept Accept `mapstructure:"accept"`
	Scheme string `mapstructure:"scheme"` // ndhgs2, demo or chims

	Route       PHNRoute `mapstructure:"route"`
	Points      string   `mapstructure:"points"` // file, for PointsOfIssue; "" issues nothing
	Provisional bool     `mapstructure:"provisional"`
}

// PHNRoute is how the Route of DHIS2 is known that searches for numbers and issues
// them.
type PHNRoute struct {
	Secret Secret `mapstructure:"secret"` // one, or several separated by white space; "" is off
}

// Accept is how strictly a PHN of DHIS2 is taken.
type Accept string

// What is accepted.
const (
	AcceptAny    Accept = "any"    // 4 to 32 letters, digits or hyphens
	AcceptScheme Accept = "scheme" // only the form of PHN.Scheme
)

// Address is where a service listens.
type Address struct {
	Listen string `mapstructure:"listen"` // host:port; "" is nowhere
	Given  bool   `mapstructure:"-"`      // by an operator, rather than the default
}

// Secret is a text that no log and no error shows.
type Secret string

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[secret]"
}

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides the secret from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Reveal is the secret itself, for the request that needs it.
func (s Secret) Reveal() string { return string(s) }
