// Package sandbox is an eSignet look-alike for the demo and for tests: an
// identity provider with invented people, in memory, that answers as MOSIP
// eSignet 1.6, 1.7, 1.8 or 2.0 does. It has the pages that people see
// (identifier, one-time code, consent), the calls behind those pages, pushed
// requests, DPoP, token, userinfo (signed, encrypted), key sets that rotate,
// client management and the mock identity system, and it can be told to
// misbehave in the ways that a relying party must notice ([Misbehaviour]).
//
// It is no identity provider: everybody's one-time code is [OTP], nothing is
// kept, and every page and answer says so (header X-Sandbox). It refuses to
// answer for another machine unless Config.InsecureAllowRemote says so.
//
// README.md lists what is held to recordings of running servers, and what
// differs. Of this project it imports the fonts of its pages alone, so that it stands
// as an independent peer of the relying party. It never imports dhis2, nehr or
// mapper.
package sandbox
