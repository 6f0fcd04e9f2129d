// Package client speaks to a FHIR R4 server over HTTP, on resty.
//
// It owns transport only: authentication, time-outs, limits, and errors that a
// caller can act on. It never tries again by itself, but for a token that is taken
// no more: the ledger that knows what
// is owed decides when to. A search goes out as POST Type/_search, so that no
// identifier of a person stands in a URL, where proxies and logs keep it.
//
// It authenticates by a static bearer token, by OAuth 2 client credentials (a
// secret, or a key as SMART Backend Services demands), and by a certificate.
//
// There are three errors. [OutcomeError] is an answer of the server that says
// no; [UnreachableError] is no answer of a FHIR server: refused, cut, too late,
// or a page of something else; [TokenError] is a refusal by the authorization
// server, before the FHIR server was asked. None holds a person's value in its text.
//
// The package never imports dhis2, esignet or mapper.
package client
