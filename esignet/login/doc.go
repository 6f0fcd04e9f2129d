// Package login makes a stock DHIS2 (2.40 to 2.44) sign its users in with
// eSignet.
//
// No released DHIS2 verifies the signed userinfo that eSignet answers with, and
// its decoder takes id_tokens by RS256 alone, which eSignet has not made since
// 1.7. [Service] is an OpenID provider that stands between: to DHIS2 it is the
// generic provider of dhis.conf (authorize, token, userinfo, key set), to eSignet
// it is a client of its own, which verifies everything. [Shim] is the smaller way
// for eSignet up to 1.6: DHIS2 speaks to eSignet itself, only user_info_uri names
// the shim, which verifies and answers in plain JSON.
//
// A person is known by issuer, relying party and subject, never by an e-mail
// address. [OpenID] makes one value of the three, which is what DHIS2 compares
// with the field openId of its users. Nobody is signed in before an administrator
// has approved that value for one user ([Links]).
//
// Attempts, codes and access tokens are kept in memory, minutes at most: one
// process serves one DHIS2. The links are in the database.
//
// The package never imports nehr or mapper.
package login
