package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/esignet"
	"github.com/nehrbridge/nehrbridge/esignet/login"
)

func (a *app) setup() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "Set other servers up: prints a plan, --apply does it",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_ = cmd.Usage()
			return usage(errors.New("say what to set up: dhis2 or esignet"))
		},
	}
	cmd.AddCommand(a.setupDHIS2(), a.setupESignet())
	return cmd
}

// setupPlan is what `setup esignet` prints.
type setupPlan struct {
	Way          string           `json:"way"`
	Registration []plannedCall    `json:"registration"` // the first creates, the others bring an existing client to the same state
	DHISConf     string           `json:"dhis_conf"`
	KeyStore     string           `json:"keystore_path"`
	Client       *registeredState `json:"client,omitzero"` // after --apply
	Files        []string         `json:"files,omitzero"`  // written
}

type plannedCall struct {
	Does   string         `json:"does"`
	Method string         `json:"method"`
	URL    string         `json:"url"`
	Body   jsontext.Value `json:"body,omitzero"`
}

type registeredState struct {
	ClientID string `json:"client_id"`
	Status   string `json:"status"`
	Done     string `json:"done"` // created, updated
	ReadBack bool   `json:"read_back"`
}

type setupFlags struct {
	apply                                 bool
	keyStore, passwordFile, conf, picture string
	force                                 bool
}

func (a *app) setupESignet() *cobra.Command {
	var f setupFlags
	cmd := &cobra.Command{
		Use:   "esignet",
		Short: "Sign-in of DHIS2 users with eSignet: dhis.conf, the client at eSignet, the button",
		Long: "Prints, as JSON, the lines for dhis.conf and the calls that register the client at eSignet; what to put where stands on stderr. " +
			"--apply makes the calls; done twice, it changes nothing more. Settings: esignet.issuer, esignet.relying_party, esignet.login.*.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runSetupESignet(cmd.Context(), f) },
	}
	cmd.Flags().BoolVar(&f.apply, "apply", false, "register the client, or bring it to this state")
	cmd.Flags().StringVar(&f.keyStore, "keystore", "/opt/dhis2/esignet.p12", "where the key store of DHIS2 lies on its server")
	cmd.Flags().StringVar(&f.conf, "dhis-conf", "", "write the lines for dhis.conf into this file too, with the password of --password-file")
	cmd.Flags().StringVar(&f.passwordFile, "password-file", "", "file with the password of the key store")
	cmd.Flags().StringVar(&f.picture, "button", "", "write the picture of the login button into this file (SVG)")
	cmd.Flags().BoolVar(&f.force, "force", false, "replace files that are there")
	cmd.AddCommand(a.setupLinks())
	return cmd
}

func (a *app) runSetupESignet(ctx context.Context, f setupFlags) error {
	s, err := a.settings()
	if err != nil {
		return err
	}
	if err := s.ForLogin(); err != nil {
		return usage(err)
	}
	client, err := loginClient(s)
	if err != nil {
		return usage(err)
	}
	registration, err := loginRegistration(s, client)
	if err != nil {
		return usage(err)
	}
	plan := setupPlan{Way: s.ESignet.Login.Way, KeyStore: f.keyStore}
	if plan.Registration, err = plannedCalls(s, client, registration); err != nil {
		return usage(err)
	}
	block := confBlock(s, client, f.keyStore)
	block.KeyStorePassword = "(the password of the key store)"
	plan.DHISConf = login.DHISConf(block)
	if plan.Files, err = writeSetupFiles(block, f); err != nil {
		return usage(err)
	}
	if f.apply {
		if plan.Client, err = applyRegistration(ctx, s, client.Generation, registration); err != nil {
			if e, ok := errors.AsType[*esignet.Error](err); ok && e.Unreachable() {
				return unreachable(fmt.Errorf("%w: %s", err, e.Operator()))
			}
			return found(err)
		}
	}
	fmt.Fprint(a.err, setupSteps(s, client, f))
	return a.printJSON(plan)
}

// loginRegistration is the client as eSignet is to know it.
func loginRegistration(s *config.Settings, c config.ESignetClient) (esignet.Registration, error) {
	claims := s.ESignet.Login.Claims
	if len(claims) == 0 {
		claims = []string{"name"} // a registration wants one; it is not asked for
	}
	return clientRegistration(s, c, "DHIS2", claims)
}

// clientRegistration is a client of a file as eSignet is to know it.
func clientRegistration(s *config.Settings, c config.ESignetClient, name string, claims []string) (r esignet.Registration, err error) {
	oidc, err := clientConfig(c)
	if err != nil {
		return r, err
	}
	r = esignet.Registration{
		ClientID: c.ClientID, Name: name, Names: map[string]string{"eng": name}, RelyingPartyID: c.RelyingParty,
		UserClaims: claims, ACRValues: c.ACR, LogoURI: strings.TrimSuffix(s.ESignet.Login.URL, "/") + "/button.svg", RedirectURIs: []string{c.RedirectURI},
		Options: esignet.ClientOptions{DPoPBound: c.DPoP},
	}
	if c.PhoneRedirectURI != "" {
		r.RedirectURIs = append(r.RedirectURIs, c.PhoneRedirectURI)
	}
	now := time.Now()
	if r.Key, err = oidc.Keys.Active(now); err != nil {
		return r, err
	}
	if oidc.DecryptionKeys != nil {
		opens := oidc.DecryptionKeys.Published(now)
		if len(opens) == 0 {
			return r, errors.New("every one of decryption_keys has ended")
		}
		// The last of the list is what eSignet encrypts for from now on.
		r.EncryptionKey, r.Options.UserInfoResponse = opens[len(opens)-1], "JWE"
	}
	return r, nil
}

func plannedCalls(s *config.Settings, c config.ESignetClient, r esignet.Registration) ([]plannedCall, error) {
	g := esignet.Generation(c.Generation)
	base := strings.TrimSuffix(s.ESignet.Login.ManagementURL, "/")
	if base == "" {
		base = strings.TrimSuffix(c.Issuer, "/") + "/v1/esignet"
	}
	var out []plannedCall
	for _, step := range []struct {
		does  string
		calls func(esignet.Generation) ([]esignet.ClientCall, error)
	}{{"create", r.CreateCalls}, {"update", r.UpdateCalls}} {
		calls, err := step.calls(g)
		if err != nil {
			return nil, err
		}
		for _, call := range calls {
			body, err := call.Body(time.Now())
			if err != nil {
				return nil, err
			}
			out = append(out, plannedCall{Does: step.does, Method: call.Method, URL: base + call.Path, Body: body})
		}
	}
	return out, nil
}

// applyRegistration brings the client to its state, whether it is there or not,
// and reads it back where eSignet offers that.
func applyRegistration(ctx context.Context, s *config.Settings, generation string, client esignet.Registration) (*registeredState, error) {
	l := s.ESignet.Login
	if l.ManagementURL == "" {
		return nil, errors.New("esignet.login.management_url is not set: --apply calls eSignet's client management; where MOSIP's partner management owns the clients, use its portal")
	}
	r, err := esignet.NewRegistrar(esignet.RegistrarConfig{BaseURL: l.ManagementURL, Generation: esignet.Generation(generation), Token: l.ManagementToken.Reveal()})
	if err != nil {
		return nil, err
	}
	done := "updated"
	got, err := r.Update(ctx, client)
	if e, ok := errors.AsType[*esignet.Error](err); ok && e.Code == esignet.CodeClient {
		done = "created"
		got, err = r.Create(ctx, client)
	}
	if err != nil {
		return nil, err
	}
	state := &registeredState{ClientID: got.ClientID, Status: got.Status, Done: done}
	read, err := r.Read(ctx, client.ClientID)
	if e, ok := errors.AsType[*esignet.Error](err); ok && e.Code == esignet.CodeUnsupported {
		return state, nil
	}
	if err != nil {
		return nil, err
	}
	state.Status, state.ReadBack = read.Status, true
	return state, nil
}

// confBlock is the provider in dhis.conf: the façade for every address, or eSignet
// itself but for userinfo.
func confBlock(s *config.Settings, c config.ESignetClient, keyStore string) login.ConfBlock {
	l := s.ESignet.Login
	base := strings.TrimSuffix(l.URL, "/")
	b := login.ConfBlock{ID: l.Provider, DHIS2URL: loginDHIS2(s), Image: base + "/button.svg", PKCE: true, KeyStore: keyStore}
	if l.Way == "shim" {
		issuer := strings.TrimSuffix(c.Issuer, "/")
		b.ClientID, b.MappingClaim, b.ExtraParameters = c.ClientID, login.LinkClaim, "acr_values "+strings.Join(c.ACR, " ")
		if len(c.ACR) != 1 {
			b.ExtraParameters = "" // dhis.conf cannot hold a value with blanks
		}
		b.AuthorizationURI = cmp.Or(c.Endpoints.Authorization, issuer+"/authorize")
		b.TokenURI = cmp.Or(c.Endpoints.Token, issuer+"/v1/esignet/oauth/v2/token")
		b.JWKURI = cmp.Or(c.Endpoints.JWKS, issuer+"/.well-known/jwks.json")
		// Tokens up to 1.7 name the service, not the issuer of the metadata.
		b.IssuerURI, b.UserInfoURI = issuer+"/v1/esignet", base+"/shim/userinfo"
		return b
	}
	b.ClientID, b.MappingClaim, b.IssuerURI = l.DHIS2Client, "sub", base
	b.AuthorizationURI, b.TokenURI, b.UserInfoURI, b.JWKURI = base+"/authorize", base+"/token", base+"/userinfo", base+"/jwks.json"
	return b
}

func writeSetupFiles(block login.ConfBlock, f setupFlags) (files []string, err error) {
	if f.conf != "" {
		if f.passwordFile == "" {
			return nil, errors.New("--dhis-conf: name the file with the password of the key store too (--password-file)")
		}
		if block.KeyStorePassword, err = readPassword(f.passwordFile); err != nil {
			return nil, err
		}
		if err := esignet.WriteKeyFile(f.conf, []byte(login.DHISConf(block)), f.force); err != nil {
			return nil, err
		}
		files = append(files, f.conf)
	}
	if f.picture != "" {
		if err := esignet.WriteKeyFile(f.picture, login.Button(), f.force); err != nil {
			return nil, err
		}
		files = append(files, f.picture)
	}
	return files, nil
}

// setupSteps says to people what to put where.
func setupSteps(s *config.Settings, c config.ESignetClient, f setupFlags) string {
	l := s.ESignet.Login
	key := "a key of DHIS2's own (nehrbridge keys new dhis2.pem)"
	if l.Way == "shim" {
		key = "the key of the client at eSignet (" + c.Keys[0].File + ")"
	}
	registered := "Register the client " + c.ClientID + " at eSignet: --apply, or the calls under registration in the partner portal's words"
	if f.apply {
		registered = "The client " + c.ClientID + " is registered"
	}
	return fmt.Sprintf(`1. %s.
2. Put %s into %s on the DHIS2 server:
   nehrbridge keys keystore KEY.pem --out esignet.p12 --password-file FILE
3. Put the lines under dhis_conf into dhis.conf, with the password of that store, and restart DHIS2.
4. Run the service at %s (TLS in front of it; one process).
5. Who signs in for the first time is shown a code: nehrbridge setup esignet links list, then approve CODE --user NAME --apply.
`, registered, key, f.keyStore, l.URL)
}
