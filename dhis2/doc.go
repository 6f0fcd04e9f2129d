// Package dhis2 holds the documents of the DHIS2 Web API as Go types: the
// tracker documents of 2.40 to 2.44 (tracked entity, enrollment, event, data
// value), the metadata that a UID map is compared with, and value types that
// only a parser makes (UID, Date, DateTime, Value).
//
// The package is pure: no I/O, no clock, no globals that change. It imports
// nothing of nehr, esignet or mapper. The HTTP client is dhis2/api.
//
// A document keeps what the server said. Timestamps stay text until the zone
// of the server is known, because DHIS2 writes wall time without an offset;
// values stay text until their value type is known, because the tracker API
// prints every value as a JSON string and data values carry no type.
package dhis2
