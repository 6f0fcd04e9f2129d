package claims_test

import (
	"fmt"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper/claims"
)

func Example() {
	m, err := claims.New(claims.Map{Name: "anc", Program: dhis2.MustUID("eozjj9UivfS"), Languages: []string{"en", "si"},
		Attributes: []claims.Attribute{
			{UID: dhis2.MustUID("VQl0wK3eqiw"), Claim: "name", Kind: claims.KindText, Essential: true},
			{UID: dhis2.MustUID("Yie7mOY913J"), Claim: "birthdate", Kind: claims.KindDate},
			{UID: dhis2.MustUID("gGAQeOr1Pgu"), Claim: "phone_number", Kind: claims.KindPhone},
		}})
	if err != nil {
		panic(err)
	}
	r := m.Apply("a pseudonym", source{"name#si": "නිල්මිණි උදාහරණ", "name#en": "Nilmini Udaharana", "birthdate": "1994"})
	for _, v := range r.Values {
		fmt.Println(v.Attribute, v.Claim, v.Language, v.Value)
	}
	for _, v := range r.Missing {
		fmt.Println(v.Attribute, v.Claim, v.Reason)
	}
	// Output:
	// VQl0wK3eqiw name en Nilmini Udaharana
	// Yie7mOY913J birthdate year-only
	// gGAQeOr1Pgu phone_number not-given
}
