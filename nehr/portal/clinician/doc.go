// Package clinician is the portal of clinicians: they find a patient, are let in by the
// gate of nehr/access or ask to be, read her record as far as it permits, and answer the
// referrals that are addressed to them.
//
// Who may act as what comes from an administrator's link of a sign-in to a
// PractitionerRole of the record ([Roles]) and from nothing else: whatever somebody says
// of herself leads to a page on which she can ask. The link is read on every request.
//
// One patient is open in a session. Which one, the session says and no address does; a
// form names the patient whom its page showed by a handle that holds in that session
// alone, so that what was meant for one never reaches another.
//
// It never imports dhis2 or mapper.
package clinician
