// Package contract is what nehrbridge relies on in a DHIS2 server: a list of
// expectations, each with a name, who depends on it, and what to do about a
// server that does not meet it. The same list is asked of the sandbox in every
// version, of recorded documents, and of a live server (make contract), so
// that a team can prove on its own DHIS2 what was proven here on ours.
//
// Reading is all it does unless Config.Write says otherwise: then it enrols
// one person who is marked as a test, changes her, and deletes her again.
//
// It never imports nehr, esignet or mapper.
package contract
