package clinician

// SubjectHash is for tests that link somebody before a request.
var SubjectHash = subjectHash
