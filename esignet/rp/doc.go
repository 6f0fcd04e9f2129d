// Package rp is the relying party behind a DHIS2 Route: a form asks it to verify a
// person at eSignet, and gets values for the form's attributes and the id of a
// signed record of what happened.
//
// It owns the open sign-ins, the check of who may ask for what, the limits, and
// the evidence. What a claim becomes is in mapper/claims, the protocol in esignet.
// It never imports nehr, and of mapper only mapper/claims.
//
// # The contract of the form
//
//  1. POST /rp/start {"program","orgUnit"} answers {"transaction","url","expires"}.
//     The form opens url in a window of its own and keeps transaction in memory: it
//     is what binds the sign-in to this browser, so it goes into no URL and no
//     storage.
//  2. eSignet sends that window to the redirect URI. The page there takes its query
//     string, replaces its own address by one without it (history.replaceState)
//     before anything else is done, and hands the string, unread, to the form, by a
//     channel that only its own origin hears.
//  3. POST /rp/complete {"transaction","response"} with that string answers
//     {"values","missing","evidence","acr","authTime"}. It works once; whatever the
//     answer is, the next try begins with start.
//  4. POST /rp/cancel {"transaction"} forgets a window that was closed.
//  5. GET /rp/evidence/{id} tells later that a record was verified, without any
//     claim; POST /rp/evidence/{id}/compare {"values":{uid:value}} tells which values
//     are still those that were verified.
//
// All of these come through the Route, which adds X-Forwarded-User and a secret of
// its own (Authorization: ApiToken …). A refusal is {"error":{"code","stage",
// "message"}}; message has the sentences for the person by language.
package rp
