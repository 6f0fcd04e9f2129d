package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
	"github.com/nehrbridge/nehrbridge/dhis2/setup"
	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/esignet/login"
	"github.com/nehrbridge/nehrbridge/esignet/rp"
	esignetsandbox "github.com/nehrbridge/nehrbridge/esignet/sandbox"
	"github.com/nehrbridge/nehrbridge/mapper/claims"
)

// The staff of the demo: the midwife's identity at eSignet is linked to her DHIS2
// user, the doctor's waits for an administrator. Both are among the sandbox's
// people.
const (
	demoMidwife, demoMidwifeID, demoMidwifeName = "sewwandi.udaharana", "9900000011", "Sewwandi Udaharana"
	demoDoctor, demoDoctorID, demoDoctorName    = "arulan.mathiri", "9900000012", "Arulan Mathiri"
	demoMotherID, demoMotherName                = "9900000003", "Yalini Mathiri"
)

// demoRoutes is the user group that the Routes are shared with.
var demoRoutes = dhis2.MustUID("SbxRoutes01")

func demoStaff() []dhis2sandbox.User {
	staff := func(id, name, first, surname string) dhis2sandbox.User {
		return dhis2sandbox.User{User: dhis2.User{ID: dhis2.MustUID(id), Username: name, FirstName: first, Surname: surname},
			Capture: []dhis2.UID{dhis2.MustUID("SbxDistrct1")}, Groups: []dhis2.UID{demoRoutes}}
	}
	return []dhis2sandbox.User{staff("SbxMidwife3", demoMidwife, "Sewwandi", "Udaharana"), staff("SbxDoctor02", demoDoctor, "Arulan", "Mathiri")}
}

// demoRelyingParty is the sector of the pseudonyms: of the mothers, and of staff.
const demoRelyingParty = "health"

// setUp does what an administrator does before the service starts, in the order of
// esignet/README.md: keys, settings, clients at eSignet, dhis.conf, the midwife's
// link.
func (d *demo) setUp(ctx context.Context, folder string) (*config.Settings, error) {
	k := &keptFiles{folder: folder}
	for _, name := range []string{"login.pem", "signing.pem", "dhis2.pem", "anc.pem", "evidence.pem", "portal.pem", "clinician.pem"} {
		k.keep(name, newKeyFile)
	}
	k.keep("evidence.key", func() ([]byte, error) { return []byte(rp.NewSealKey() + "\n"), nil })
	for _, name := range []string{"verify.secret", "phn.secret", "drafts.secret"} {
		k.keep(name, func() ([]byte, error) { return []byte(rand.Text() + rand.Text()), nil })
	}
	k.write("points.yaml", demoPoints)
	k.write("anc.yaml", d.clientFile(k))
	k.write("portal.yaml", d.portalFile(k, demoPortalClient))
	k.write("clinician.yaml", d.portalFile(k, demoClinicianClient))
	k.write("lk-anc-demo.yaml", demoMap)
	k.write("nehrbridge.yaml", d.settingsFile(k))
	if k.err != nil {
		return nil, k.err
	}
	s, err := config.Load(d.Config, nil)
	if err != nil {
		return nil, err
	}
	signIn, err := loginClient(s)
	if err != nil {
		return nil, err
	}
	if err := d.register(ctx, s, signIn); err != nil {
		return nil, err
	}
	if err := d.registerPortals(ctx, s); err != nil {
		return nil, err
	}
	if err := d.configureDHIS2(s, signIn, k.path("dhis2.pem"), k.path("esignet.p12")); err != nil {
		return nil, err
	}
	if err := d.linkMidwife(ctx, s); err != nil {
		return nil, err
	}
	return s, nil
}

// settingsFile is the file that a person would write.
func (d *demo) settingsFile(k *keptFiles) string {
	return fmt.Sprintf(`# Written by nehrbridge demo. Every secret here is the demo's own.
data_dir: %q
zone: Asia/Colombo
maps: [%q]
dhis2:
  url: %s
  token: %s
  poll: 2s
nehr:
  url: %s
metrics:
  listen: "off"
esignet:
  issuer: %s
  relying_party: %s
  clients: [%q]
  route:
    secret_file: %q
  phone:
    url: %s
  evidence:
    keys: [%q]
    signing_keys: [%q]
  login:
    url: %s/signin
    generation: %q
    client_id: nehrbridge-login
    key_file: %q
    signing_keys: [%q]
    management_url: %s/v1/esignet
phn:
  points: %q
  route:
    secret_file: %q
portal:
  help_phone: "011 000 0000"
  patient:
    url: %s
    client: %q
  clinician:
    url: %s
    client: %q
  drafts:
    key_file: %q
`, k.folder, k.path("lk-anc-demo.yaml"), d.DHIS2, d.DHIS2Token, d.NEHR, d.ESignet, demoRelyingParty, k.path("anc.yaml"), k.path("verify.secret"), d.RP, k.path("evidence.key"),
		k.path("evidence.pem"), d.RP, d.esignet.Version(), k.path("login.pem"), k.path("signing.pem"), d.ESignet,
		k.path("points.yaml"), k.path("phn.secret"), d.Portal, k.path("portal.yaml"), d.Clinician, k.path("clinician.yaml"), k.path("drafts.secret"))
}

// clientFile is the client that verifies mothers.
func (d *demo) clientFile(k *keptFiles) string {
	return fmt.Sprintf(`issuer: %s
generation: %q
client_id: anc
relying_party: %s
redirect_uri: %s/api/apps/nehrbridge/callback.html
phone_redirect_uri: %s
claims: [lk-anc]
acr: [mosip:idp:acr:generated-code]
keys:
  - file: %q
`, d.ESignet, d.esignet.Version(), demoRelyingParty, d.DHIS2, rp.PhoneCallback(d.RP), k.path("anc.pem"))
}

// register makes both clients known to eSignet: the one that verifies mothers with
// what its claim maps ask for, and no more.
func (d *demo) register(ctx context.Context, s *config.Settings, signIn config.ESignetClient) error {
	clients, err := config.ESignetClients(s.ESignet.Clients)
	if err != nil {
		return err
	}
	maps, err := config.ClaimMaps(s.ESignet.Claims)
	if err != nil {
		return err
	}
	var asked []string
	for _, m := range maps {
		if !slices.Contains(clients[0].Claims, m.Name) {
			continue
		}
		forms, err := claims.New(*m)
		if err != nil {
			return err
		}
		for _, c := range forms.Requests() {
			asked = append(asked, c.Claim)
		}
	}
	verify, err := clientRegistration(s, clients[0], "Antenatal clinic", asked)
	if err != nil {
		return err
	}
	staff, err := loginRegistration(s, signIn)
	if err != nil {
		return err
	}
	for _, r := range []esignet.Registration{staff, verify} {
		if _, err := applyRegistration(ctx, s, signIn.Generation, r); err != nil {
			return fmt.Errorf("register the client %s: %w", r.ClientID, err)
		}
	}
	return nil
}

// configureDHIS2 gives DHIS2 its lines of dhis.conf with a key store.
func (d *demo) configureDHIS2(s *config.Settings, signIn config.ESignetClient, keyFile, storeFile string) error {
	key, err := esignet.LoadKey(keyFile, "")
	if err != nil {
		return err
	}
	block := confBlock(s, signIn, storeFile)
	block.KeyStorePassword = rand.Text()
	store, err := key.KeyStore(block.KeyStorePassword)
	if err != nil {
		return err
	}
	if err := esignet.WriteKeyFile(storeFile, store, true); err != nil {
		return err
	}
	return d.dhis2.SetConf(login.DHISConf(block))
}

// placeForms puts the plugin into the registration form, with its attributes and
// Routes, by the plan of `setup dhis2`. The sandbox keeps nothing when it stops, so
// nothing of an earlier demo is there to be taken back.
func (d *demo) placeForms(ctx context.Context, a *app, s *config.Settings) error {
	admin, err := dhis2As(s, api.Config{Token: d.DHIS2Token})
	if err != nil {
		return err
	}
	wanted, err := a.wantedOfDHIS2(ctx, s, setupDHIS2Flags{
		bridge: d.RP, browser: d.DHIS2, programs: []string{dhis2sandbox.ANCProgram.String()}, groups: []string{demoRoutes.String()}, syncUser: "off", tokenDays: 1,
	}, admin)
	if err != nil {
		return err
	}
	record := filepath.Join(s.DataDir, "setup-dhis2.json")
	if err := os.Remove(record); err != nil && !os.IsNotExist(err) {
		return err
	}
	work, err := setup.New(setup.Config{Server: admin, URL: s.DHIS2.URL, Record: setup.File(record), Wanted: *wanted})
	if err != nil {
		return err
	}
	_, err = work.Apply(ctx)
	return err
}

// demoPoints are the points of issue of the sandbox's clinics.
const demoPoints = `points:
  SbxClinic01: "9001"
  SbxClinic02: "9002"
  SbxClinic03: "9003"
  SbxClinic04: "9004"
`

// linkMidwife does what an administrator does whom the midwife has told her code.
func (d *demo) linkMidwife(ctx context.Context, s *config.Settings) error {
	db, links, err := openLinks(ctx, s)
	if err != nil {
		return err
	}
	defer db.Close()
	// The folder may know her from an eSignet at another port.
	before, err := links.List(ctx, login.Approved)
	if err != nil {
		return err
	}
	for _, l := range before {
		if l.Username == demoMidwife && l.Issuer != s.ESignet.Issuer {
			if _, err := links.Revoke(ctx, l.Code); err != nil {
				return err
			}
		}
	}
	link, err := links.Seen(ctx, s.ESignet.Issuer, s.ESignet.RelyingParty, esignetsandbox.Subject(demoMidwifeID, s.ESignet.RelyingParty))
	if err != nil {
		return err
	}
	if link, err = links.Approve(ctx, link.Code, demoMidwife); err != nil {
		return err
	}
	users, err := usersOf(s)
	if err != nil {
		return err
	}
	return users.LinkOpenID(ctx, link.Username, link.OpenID)
}

// keptFiles are the files of a folder, readable by their owner alone. After an
// error, which it keeps, it does nothing.
type keptFiles struct {
	folder string
	err    error
}

func (k *keptFiles) path(name string) string { return filepath.Join(k.folder, name) }

// keep gives a file that is there, or what is made in its place.
func (k *keptFiles) keep(name string, make func() ([]byte, error)) (data []byte) {
	if k.err != nil {
		return nil
	}
	data, err := os.ReadFile(k.path(name))
	if os.IsNotExist(err) {
		if data, err = make(); err == nil {
			err = esignet.WriteKeyFile(k.path(name), data, false)
		}
	}
	k.err = err
	return data
}

// write replaces a file.
func (k *keptFiles) write(name, text string) {
	if k.err == nil {
		k.err = esignet.WriteKeyFile(k.path(name), []byte(strings.TrimLeft(text, "\n")), true)
	}
}

func newKeyFile() ([]byte, error) {
	k, err := esignet.NewKey(esignet.RS256, 0)
	if err != nil {
		return nil, err
	}
	if err := selfSign(k, "nehrbridge demo", 365); err != nil {
		return nil, err
	}
	return k.PEM()
}
