package login

import (
	"fmt"
	"strings"
)

// ConfBlock is what dhis.conf says of a provider.
type ConfBlock struct {
	ID       string // of the provider; not google, azure, wso2, dhis2
	ClientID string
	// The addresses of the provider.
	AuthorizationURI, TokenURI, UserInfoURI, JWKURI, IssuerURI string
	DHIS2URL                                                   string // as browsers reach it
	MappingClaim                                               string
	Image                                                      string // of the button
	PKCE                                                       bool
	ExtraParameters                                            string // name value, name value
	KeyStore                                                   string // path on the DHIS2 server
	KeyStorePassword                                           string
}

// DHISConf gives the lines of a block, for DHIS2 2.40 to 2.44, which all know the
// same keys and pass a whole provider over for one that they do not know.
func DHISConf(b ConfBlock) string {
	var s strings.Builder
	s.WriteString("oidc.oauth2.login.enabled = on\n")
	base := strings.TrimSuffix(b.DHIS2URL, "/")
	for _, line := range [][2]string{
		{"client_id", b.ClientID},
		{"client_secret", "unused"}, // demanded by every release, also with private_key_jwt
		{"authorization_uri", b.AuthorizationURI},
		{"token_uri", b.TokenURI},
		{"user_info_uri", b.UserInfoURI},
		{"jwk_uri", b.JWKURI},
		{"issuer_uri", b.IssuerURI},
		{"redirect_url", base + "/oauth2/code/" + b.ID},
		{"mapping_claim", b.MappingClaim},
		{"scopes", "openid"},
		{"display_alias", "eSignet"},
		{"login_image", b.Image},
		{"enable_pkce", fmt.Sprint(b.PKCE)},
		{"extra_request_parameters", b.ExtraParameters},
		{"client_authentication_method", "private_key_jwt"},
		{"jwk_set_url", base + "/api/publicKeys/" + b.ID + "/jwks.json"},
		{"keystore_path", b.KeyStore},
		{"keystore_password", b.KeyStorePassword},
		{"key_alias", "1"}, // of the one entry of the store
		{"key_password", b.KeyStorePassword},
	} {
		if line[1] != "" {
			fmt.Fprintf(&s, "oidc.provider.%s.%s = %s\n", b.ID, line[0], line[1])
		}
	}
	return s.String()
}
