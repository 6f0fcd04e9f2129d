// Package api is the HTTP client of the DHIS2 Web API, 2.40 to 2.44: system
// information, tracked entities with their enrollments and events, and the
// metadata, organisation units and users that a document refers to.
//
// The client asks once: it has a time limit, a limit of the answer's size and
// typed errors, and leaves retrying to whoever keeps the ledger. It follows no
// redirect, because DHIS2 sends a caller whose session is gone to a login page
// that answers 200. It hides the differences between versions (names of
// parameters, shapes of lists) behind one Query.
//
// It never imports nehr, esignet or mapper.
package api
