package esignet

import "fmt"

// Generation is a line of eSignet releases that behave alike. It decides the
// defaults of a [Config]; each can be set by itself.
type Generation string

// The generations. 1.5 stands for 1.5.x and so on.
const (
	V1_5 Generation = "1.5"
	V1_6 Generation = "1.6"
	V1_7 Generation = "1.7"
	V1_8 Generation = "1.8"
	V2_0 Generation = "2.0"
)

// ParseGeneration reads "1.5" to "1.8" and "2.0", also with a patch level
// (1.6.1).
func ParseGeneration(s string) (Generation, error) {
	short := s
	if len(short) > 3 && short[3] == '.' {
		short = short[:3]
	}
	if g := Generation(short); g.known() {
		return g, nil
	}
	return "", fmt.Errorf("eSignet %q is not known: one of 1.5, 1.6, 1.7, 1.8, 2.0", s)
}

func (g Generation) known() bool { _, ok := traits[g]; return ok }

// behaviour is what a generation does that a relying party must know.
type behaviour struct {
	// tokenPath is what tokens append to the issuer of the metadata.
	tokenPath string
	// userInfoPath is what the identity system appends, in the userinfo JWS.
	userInfoPath string
	// signing are the algorithms of id_tokens, userInfo those of userinfo, which
	// the identity system signs.
	signing, userInfo []string
	// audienceIssuer: client assertions name the issuer as audience; before, the
	// token endpoint, as a string.
	audienceIssuer bool
	// patch, read: the client-management API has PATCH, GET.
	patch, read bool
	// additional: clients have an additionalConfig.
	additional bool
}

// traits by generation. Up to 1.7 tokens name the issuer with /v1/esignet
// appended, which its metadata does not; the mock identity system's userinfo
// does so still in 1.8. 1.6 and before sign by RS256; since 1.7 by PS256, while
// userinfo stays what the identity system signs, RS256 with the mock and with
// MOSIP's own.
var traits = map[Generation]behaviour{
	V1_5: {tokenPath: "/v1/esignet", userInfoPath: "/v1/esignet", signing: []string{RS256}, userInfo: []string{RS256}},
	V1_6: {tokenPath: "/v1/esignet", userInfoPath: "/v1/esignet", signing: []string{RS256}, userInfo: []string{RS256}, additional: true},
	V1_7: {tokenPath: "/v1/esignet", userInfoPath: "/v1/esignet", signing: []string{PS256}, userInfo: []string{RS256, PS256}, audienceIssuer: true, additional: true},
	V1_8: {userInfoPath: "/v1/esignet", signing: []string{PS256}, userInfo: []string{RS256, PS256}, audienceIssuer: true, additional: true, patch: true},
	V2_0: {signing: []string{PS256, ES256}, userInfo: []string{PS256, ES256}, audienceIssuer: true, additional: true, patch: true, read: true},
}
