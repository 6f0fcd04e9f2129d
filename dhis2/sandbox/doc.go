// Package sandbox is a DHIS2 look-alike for the demo and for tests. It keeps
// invented people in memory and behaves, where real clients break, as DHIS2
// 2.40 to 2.44 does: shapes of lists by version, wall time without offset,
// attributes split between tracked entity and enrollment, soft deletion,
// search scope, OFFSET paging, arrays in any order, and the failures of
// proxies and sessions.
//
// Every answer says that it is a sandbox (header X-Sandbox). It is not DHIS2
// and shares no code with it; README.md lists what differs.
//
// It never imports nehr, esignet or mapper.
package sandbox
