package sandbox

import (
	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Names that nobody bears: Udaharana, Mathiri, மாதிரி and උදාහරණ mean
// "example".
var names = []string{
	"Nimali Kumari Udaharana",
	"නිමාලි උදාහරණ",
	"Udaharani", // one word
	"Sita Mathiri",
	"மாலதி மாதிரி",
	"A. B. C. Sample",
	"Fathima Sample-Udaharana",
	"කුමාරි සාම්පල් උදාහරණ",
	"உதாரணி", // one word
	"Dilani Demo de Sample",
	"Anoma Udaharana",
	"Rani S. Mathiri",
	"සාම්පලා", // one word
	"Priya O'Sample",
	"Malini Mathiri",
}

// addresses of places that do not exist, in districts that do.
var addresses = []string{
	"12 Example Road, Sampleville, Kandy, Central Province, 20000, Sri Lanka",
	"7/1 Demo Lane\nUdaharana Gama\nGalle District\nSouthern\n80000",
	"Near the example temple, Mathiripuram, Jaffna",
	"Sample Estate",
	"",
	"Flat 3, 44 Invented Street, Colombo, Western Province, Sri Lanka",
	"உதாரணத் தெரு 5, மாதிரி நகர், Batticaloa, 30000",
	"උදාහරණ පාර 9, Matara District, 81000, LK",
}

// clinics are where mothers are enrolled.
var clinics = []string{"SbxClinic01", "SbxClinic02", "SbxClinic03", "SbxClinic04"}

func demoUnits() []dhis2.OrganisationUnit {
	root := dhis2.OrganisationUnit{ID: dhis2.MustUID("SbxCountry1"), Code: "SBX", Name: "Sandbox country", ShortName: "Sandbox",
		Path: "/SbxCountry1", Level: 1}
	units := []dhis2.OrganisationUnit{root}
	add := func(parent dhis2.OrganisationUnit, id, code, name, address, phone string) dhis2.OrganisationUnit {
		u := dhis2.OrganisationUnit{ID: dhis2.MustUID(id), Code: code, Name: name, ShortName: name, DisplayName: name,
			Path: parent.Path + "/" + id, Level: parent.Level + 1, Address: address, PhoneNumber: phone,
			Parent: dhis2.Object{ID: parent.ID, Code: parent.Code, Name: parent.Name}}
		units = append(units, u)
		return u
	}
	central := add(root, "SbxDistrct1", "SBX-C", "Example district", "", "")
	north := add(root, "SbxDistrct2", "SBX-N", "Sample district", "", "")
	add(central, clinics[0], "SBX-C-001", "Udaharana clinic", "1 Example Road, Kandy", "+94 81 000 0001")
	add(central, clinics[1], "", "Field clinic without a code", "", "")
	add(north, clinics[2], "SBX-N-001", "Mathiri clinic", "", "")
	add(north, clinics[3], "SBX-N-002", "මාදිලි සායනය", "", "")
	add(root, "SbxHospit01", "SBX-H-001", "Sample teaching hospital", "2 Example Road, Kandy", "+94 81 000 0002")
	return units
}

// demoUsers are who writes into the forms. None can sign in.
func demoUsers() []User {
	person := func(id, name, first, surname, phone, email string) User {
		return User{User: dhis2.User{ID: dhis2.MustUID(id), Username: name, FirstName: first, Surname: surname, PhoneNumber: phone, Email: email},
			Capture: []dhis2.UID{}}
	}
	return []User{
		person("SbxMidwife1", "midwife.one", "Kamala", "Udaharana", "+94 77 000 0001", "midwife.one@example.org"),
		person("SbxMidwife2", "midwife.two", "Selvi", "Mathiri", "", ""), // neither phone nor e-mail
		person("SbxDoctor01", "doctor.sample", "Ruwan", "Sample", "", "doctor@example.org"),
	}
}
