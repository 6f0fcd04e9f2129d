// Package route is the receiving side of a DHIS2 Route: what stands in front of a
// service that the forms of DHIS2 call through one.
//
// A Route adds a secret of its own (Authorization: ApiToken …) and who calls
// (X-Forwarded-User); nothing else of a call is believed. The package owns the Gate,
// which lets in who has the secret and names one user, counts calls, bounds them in
// time and in bytes, and answers every refusal alike:
//
//	{"error":{"code","stage","message":{"key","text":{"en","si","ta"}}}}
//
// It owns the Authority too, which asks DHIS2 what the user may do. What a call is
// about belongs to the service behind the gate.
//
// It never imports nehr, esignet or mapper.
package route
