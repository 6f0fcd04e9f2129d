// Package client speaks to a FHIR R4 server over HTTP, on resty.
//
// It owns transport only: authentication, time-outs, limits, and errors that a
// caller can act on. It never tries again by itself: the ledger that knows what
// is owed decides when to. A search goes out as POST Type/_search, so that no
// identifier of a person stands in a URL, where proxies and logs keep it.
//
// There are two errors. [OutcomeError] is an answer of the server that says no;
// [UnreachableError] is no answer of a FHIR server: refused, cut, too late, or
// a page of something else. Neither holds a person's value in its text.
//
// The package never imports dhis2, esignet or mapper.
package client
