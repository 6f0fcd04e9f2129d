package esignet

import (
	"fmt"
	"regexp"
	"strconv"
)

// Stage is the step of a sign-in at which something failed.
type Stage string

// The stages, in the order of a sign-in; registration stands apart.
const (
	StageConfig       Stage = "configuration"
	StageDiscovery    Stage = "discovery"
	StageAuthorize    Stage = "authorize"
	StagePAR          Stage = "par"
	StageCallback     Stage = "callback"
	StageToken        Stage = "token"
	StageKeys         Stage = "jwks"
	StageIDToken      Stage = "id_token"
	StageUserInfo     Stage = "userinfo"
	StageRegistration Stage = "client-mgmt"
)

// Code says what is wrong, whatever words the server of a generation uses.
type Code string

// The codes. A caller branches on them; [Error.Message] and [Error.Operator]
// give the sentences.
const (
	// CodeConfig: what is configured cannot work with what the server offers.
	CodeConfig Code = "config"
	// CodeUnreachable: no answer: refused, cut, too late, or cancelled.
	CodeUnreachable Code = "unreachable"
	// CodeServer: the server answered that it failed itself.
	CodeServer Code = "server"
	// CodeBusy: the server asks to come back later (429).
	CodeBusy Code = "busy"
	// CodeTooLarge: an answer longer than this package reads.
	CodeTooLarge Code = "too_large"
	// CodeMalformed: an answer that is not what the protocol says it is.
	CodeMalformed Code = "malformed"

	// CodeDenied: the person did not consent, or cancelled.
	CodeDenied Code = "denied"
	// CodeTimeout: the person took longer than the server or the attempt allows.
	CodeTimeout Code = "timeout"
	// CodeState: the answer belongs to no attempt of this browser, or to one that
	// was completed already.
	CodeState Code = "state"

	// CodeRequest: the server refuses the request itself (scope, parameter, redirect URI).
	CodeRequest Code = "request"
	// CodeClient: the server refuses the client: unknown, inactive, wrong assertion.
	CodeClient Code = "client"
	// CodeGrant: the code is unknown, spent or expired.
	CodeGrant Code = "grant"
	// CodePKCE: the verifier does not fit the challenge.
	CodePKCE Code = "pkce"
	// CodeDPoP: the proof of possession is refused, or the token is not bound by it.
	CodeDPoP Code = "dpop"
	// CodeToken: the access token is not taken by userinfo.
	CodeToken Code = "token"

	// CodeAlgorithm: signed or encrypted in a way that is not allowed for this issuer.
	CodeAlgorithm Code = "algorithm"
	// CodeHeader: a JOSE header that tries to say which key to trust, or that
	// demands what is not understood.
	CodeHeader Code = "header"
	// CodeSignature: no trusted key verifies the signature.
	CodeSignature Code = "signature"
	// CodeDecrypt: none of the configured keys opens the JWE.
	CodeDecrypt Code = "decrypt"
	// CodeUnsigned: claims without a signature.
	CodeUnsigned Code = "unsigned"

	// CodeIssuer: the iss is none of those allowed, or is absent where required.
	CodeIssuer Code = "issuer"
	// CodeAudience: made for another client.
	CodeAudience Code = "audience"
	// CodeNonce: made for another attempt.
	CodeNonce Code = "nonce"
	// CodeTime: expired, not valid yet, or issued before the attempt began.
	CodeTime Code = "time"
	// CodeAccessTokenHash: the id_token was made for another access token.
	CodeAccessTokenHash Code = "at_hash"
	// CodeSubject: no subject, or userinfo of another person than the id_token.
	CodeSubject Code = "subject"
	// CodeACR: the person signed in by other means than asked for.
	CodeACR Code = "acr"
	// CodeAuthTime: the person signed in too long ago.
	CodeAuthTime Code = "auth_time"

	// CodeExists: a client or a key of that name is registered already.
	CodeExists Code = "exists"
	// CodeUnsupported: this generation of eSignet does not offer that.
	CodeUnsupported Code = "unsupported"
)

// Error is every failure of this package. Its texts hold identifiers of the
// protocol only, never a claim's value, a token, a code or a URL's query.
type Error struct {
	Code  Code
	Stage Stage
	// Status is the HTTP status of the answer, 0 when there was none or it does
	// not matter.
	Status int
	// Server is the error code that the server gave, such as invalid_grant; empty
	// when it gave none of a code's form. Up to 1.6 these are eSignet's own.
	Server string
	// Detail says in a few words what was wrong.
	Detail string
	// Err is the cause where one exists that holds nothing of the answer, such as
	// context.Canceled.
	Err error
}

// Error gives stage, detail, status and the server's code.
func (e *Error) Error() string {
	text := "esignet: " + string(e.Stage) + ": " + e.Detail
	switch {
	case e.Status != 0 && e.Server != "":
		text += " (" + strconv.Itoa(e.Status) + ", " + e.Server + ")"
	case e.Status != 0:
		text += " (" + strconv.Itoa(e.Status) + ")"
	case e.Server != "":
		text += " (" + e.Server + ")"
	}
	return text
}

// Unwrap gives the cause, if it is kept.
func (e *Error) Unwrap() error { return e.Err }

// Operator is one sentence for who runs the service: what failed and the cure.
func (e *Error) Operator() string {
	cure := cures[e.Code]
	if cure == "" {
		return e.Error() + "."
	}
	return e.Error() + ": " + cure
}

// Unreachable tells that there was no answer, or one of a server in trouble:
// the same call may work later.
func (e *Error) Unreachable() bool {
	return e.Code == CodeUnreachable || e.Code == CodeServer || e.Code == CodeBusy
}

// Forged tells that an answer contradicts what a genuine server would have
// sent: worth an alarm, not only a retry.
func (e *Error) Forged() bool {
	switch e.Code {
	case CodeAlgorithm, CodeHeader, CodeSignature, CodeUnsigned, CodeIssuer, CodeAudience, CodeNonce, CodeAccessTokenHash, CodeSubject, CodeState:
		return true
	}
	return false
}

func fail(stage Stage, code Code, format string, args ...any) *Error {
	return &Error{Code: code, Stage: stage, Detail: fmt.Sprintf(format, args...)}
}

// serverCode is the form of all error codes of eSignet and its identity
// systems, mock-ida-006 among them. Anything else may be a person's value.
var serverCode = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,63}$`)

// namedCode gives a code of the server if it has the form of one.
func namedCode(s string) string {
	if serverCode.MatchString(s) {
		return s
	}
	return ""
}

// cures say what an operator can do, by code.
var cures = map[Code]string{
	CodeConfig:          "compare the settings of this issuer with its metadata.",
	CodeUnreachable:     "check that the address is right and that the server can be reached from here.",
	CodeServer:          "eSignet or the identity system behind it failed; its log says why.",
	CodeBusy:            "the server limits its callers; try later.",
	CodeTooLarge:        "if the picture claim is asked for, raise the limit for userinfo.",
	CodeMalformed:       "check that the address is one of eSignet and not of a proxy or login page before it.",
	CodeDenied:          "nothing to do: the person decides.",
	CodeTimeout:         "nothing to do: the person starts again.",
	CodeState:           "a stale tab or a reload does this; many of them from one place are an attack.",
	CodeRequest:         "compare scope, redirect URI and parameters with what is registered for this client.",
	CodeClient:          "check the client id, that the registered public key is this one, and the audience rule of this generation.",
	CodeGrant:           "a reload or a slow person does this; codes live 300 s (600 s up to 1.6).",
	CodePKCE:            "the code was made for another attempt; if it is always so, a proxy changes the request.",
	CodeDPoP:            "check that the client is registered with dpop_bound_access_tokens if and only if DPoP is set here.",
	CodeToken:           "if it is always so, look for a missing encryption key of this client at eSignet.",
	CodeAlgorithm:       "if the server really signs so, name the algorithm in the settings of this issuer.",
	CodeHeader:          "no genuine eSignet sends this.",
	CodeSignature:       "userinfo is signed by the identity system: configure its key or certificate if the issuer's key set lacks it.",
	CodeDecrypt:         "compare the encryption key that is registered for this client with the configured ones.",
	CodeUnsigned:        "eSignet must send userinfo as a JWT; see userinfo_response_type of the client.",
	CodeIssuer:          "check the generation: up to 1.7 tokens name the issuer with /v1/esignet appended.",
	CodeAudience:        "check the client id.",
	CodeNonce:           "the token was made for another attempt.",
	CodeTime:            "compare the clocks of both servers.",
	CodeAccessTokenHash: "the tokens do not belong together.",
	CodeSubject:         "the claims do not belong to who signed in; nothing was taken over.",
	CodeACR:             "register the factors that are asked for, and no others, for this client.",
	CodeAuthTime:        "max_age is shorter than a sign-in takes.",
	CodeExists:          "choose another client id, or make a new key: eSignet takes a key once only.",
	CodeUnsupported:     "check the generation.",
}
