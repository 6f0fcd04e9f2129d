// Package esignet is the relying party's side of MOSIP eSignet: OpenID Connect
// as eSignet 1.5 to 1.8 and 2.0 speak it.
//
// It owns discovery, the authorization request (PKCE always, PAR where the
// server offers it), DPoP, private_key_jwt, the code exchange, the id_token,
// userinfo as JWS or nested JWE, the keys of all this with their files and key
// stores, and the registration of a client. A [Client] belongs to one issuer and
// one client id; [Client.Authorize] begins an [Attempt], [Client.Complete] turns
// what the browser brings back into a verified [Identity].
//
// What the generations do differently is in [Generation]. What they share that a
// common OpenID library would stumble over:
//
//   - up to 1.7 the tokens name another issuer than the metadata;
//   - userinfo is signed by the identity system, whose key the issuer's key set
//     often lacks, and names no exp, in real deployments no iss and aud either;
//   - two installations made on one day publish different keys under one kid, so
//     a failed signature is a reason to fetch the key set again, as an unknown
//     kid is;
//   - certificates in x5c have serial numbers that Go refuses: they are not read.
//
// Every refusal is an [Error] with a code, a stage, a sentence for the operator
// and, in three languages, one for the person. No error holds a claim's value.
//
// The package never imports dhis2, nehr or mapper.
package esignet
