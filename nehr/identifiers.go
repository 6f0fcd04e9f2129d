package nehr

// The identifiers whose form the national guide fixes: system, type and text
// stand in its slices and are compared to the letter. An empty value makes
// the value data-absent.

// PHNIdentifier is the Personal Health Number, use official.
func PHNIdentifier(value string) Identifier {
	return national(IdentifierOfficial, SystemPHN, value, SystemNationalIdentifierTypes, "PHN", "Personal Health Number")
}

// NICIdentifier is the number of the national identity card.
func NICIdentifier(value string) Identifier {
	return national("", SystemNIC, value, SystemNationalIdentifierTypes, "NIC", "National identity number")
}

// PassportIdentifier is the number of a passport.
func PassportIdentifier(value string) Identifier {
	return national("", SystemPassport, value, SystemIdentifierType, "PPN", "Passport number")
}

// AbsentPassport is the passport identifier that the guide demands of
// everybody, without a number (G1).
func AbsentPassport(reason AbsentReason) Identifier {
	return PassportIdentifier("").absent(reason)
}

// HINIdentifier is the number of a health institution.
func HINIdentifier(value string) Identifier {
	return national("", SystemHIN, value, SystemIdentifierType, "XX", "Organization identifier")
}

// AbsentHIN is the identifier of an institution that has no number.
func AbsentHIN(reason AbsentReason) Identifier { return HINIdentifier("").absent(reason) }

// LocationIdentifier is the number of a place where care is given.
func LocationIdentifier(value string) Identifier {
	return national("", SystemProviderLocation, value, SystemNationalIdentifierTypes, "PLOC", "Provider location identifier")
}

// SystemIDIdentifier is the id of an information system.
func SystemIDIdentifier(value string) Identifier {
	return Identifier{System: SystemSystemID, Value: value}
}

// Identifier is the key as an identifier element.
func (k Key) Identifier() Identifier { return Identifier{System: k.System, Value: k.Value} }

func national(use IdentifierUse, system, value, typeSystem, code, text string) Identifier {
	return Identifier{
		Use:    use,
		Type:   &CodeableConcept{Coding: []Coding{{System: typeSystem, Code: code}}, Text: text},
		System: system,
		Value:  value,
	}
}

func (i Identifier) absent(reason AbsentReason) Identifier {
	i.ValueExt = Absent(reason)
	return i
}
