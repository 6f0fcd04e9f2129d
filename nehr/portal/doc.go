// Package portal is the frame of the portals: it owns sessions, sign-in with eSignet,
// the three languages, the layout, dates, error pages, limits and every header that
// protects a page. The pages themselves stand in packages of their own
// (nehr/portal/patient, nehr/portal/clinician), what both show of a record in
// nehr/portal/chart, and the words for codes in nehr/portal/words.
//
// A session lives on the server. The browser holds a secret in a __Host- cookie; the
// database holds a hash of it and the session sealed by it, so that a copy of the
// database opens no session and names no person. A session ends after a time without a
// click, after a time at most, and at the latest with the next sign-in, which makes a
// new secret.
//
// A page is for somebody signed in unless it is registered as [Frame.Open]. A form is
// taken only from the portal's own origin and with the token of its session and its
// address. Nothing that a person sends decides where a browser is led, but that a
// sign-in goes on to the page of the menu that was asked for. What a form or an address
// names is a [Visit.Handle] of the session.
//
// Pages run no script, but that a [Visit.Live] one asks whether what it shows has
// changed since; what it asks is a [Frame.Glance], and no click.
//
// The only way in is eSignet, at one of the configured levels of assurance, which every
// page shows. It never imports dhis2 or mapper.
package portal
