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
//  1. POST /rp/start {"program","orgUnit"} answers {"transaction","url","state",
//     "expires"}. The form opens url in a window of its own and keeps transaction in
//     memory: it is what binds the sign-in to this browser, so it goes into no URL
//     and no storage. With "assisted":{"witness"} the evidence says that somebody
//     helped her, and who saw it.
//  2. eSignet sends that window to the redirect URI. The page there takes its query
//     string, replaces its own address by one without it (history.replaceState)
//     before anything else is done, and hands the string, unread, to the form, by a
//     channel that only its own origin hears. Of several windows, each form takes the
//     answer with its own state.
//  3. POST /rp/complete {"transaction","response"} with that string answers
//     {"values","missing","evidence","acr","authTime"}. It works once; whatever the
//     answer is, the next try begins with start.
//  4. POST /rp/cancel {"transaction"} forgets a window that was closed.
//  5. GET /rp/evidence/{id} tells later that a record was verified, without any
//     claim; POST /rp/evidence/{id}/compare {"values":{uid:value}} tells which values
//     are still those that were verified.
//
// All of these come through the Route; what stands in front, and the shape of a
// refusal, is in dhis2/route.
//
// # On her own phone
//
// With "device":"phone", start answers {"transaction","phone":{"url","qr":{"size",
// "path"},"expires"}}. The form draws the code (path fills the dark modules of a
// square of size units) and asks POST /rp/phone {"transaction"} about every 2 s:
//
//	waiting ── she opens the address ──▶ opened, with a number
//	opened ── POST /rp/phone/confirm {"transaction","number"} ──▶ confirmed
//	confirmed ── she signs in at eSignet ──▶ signed-in ── POST /rp/complete {"transaction"}
//
// or refused, with error, or expired after five minutes: then it begins anew. The
// address belongs to the browser that presses the button of its first page first (a
// program that only fetches it takes it from nobody); another one is told so. The
// page names the clinic and the worker and shows the number; the worker confirms it
// when she sees it on the phone of the person before her, and a wrong number ends
// everything. So whoever else has the code gets to a page that leads nowhere.
package rp
