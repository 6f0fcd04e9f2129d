package sandbox

import (
	"maps"
	"net/http"
	"slices"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// capabilities is the CapabilityStatement at /metadata (capabilitystatement.html).
func (s *Server) capabilities(r *http.Request) *fhirjson.Value {
	text, field := fhirjson.Text, fhirjson.F
	coded := func(codes ...string) *fhirjson.Value {
		list := fhirjson.List()
		for _, c := range codes {
			list.Append(fhirjson.Fields(field("code", text(c))))
		}
		return list
	}
	resources := fhirjson.List()
	for _, typ := range slices.Sorted(maps.Keys(resourceTypes)) {
		resource := fhirjson.Fields(
			field("type", text(typ)),
			field("interaction", coded("read", "vread", "update", "delete", "history-instance", "history-type", "create", "search-type")),
			field("versioning", text("versioned-update")),
			field("readHistory", fhirjson.Bool(true)),
			field("updateCreate", fhirjson.Bool(true)),
			field("conditionalCreate", fhirjson.Bool(true)),
			field("conditionalUpdate", fhirjson.Bool(true)),
			field("conditionalDelete", text("single")),
			field("searchParam", searchParams(typ)),
		)
		if typ == "Patient" {
			resource.Set("operation", fhirjson.List(fhirjson.Fields(
				field("name", text("everything")),
				field("definition", text("http://hl7.org/fhir/OperationDefinition/Patient-everything")),
			)))
		}
		resources.Append(resource)
	}
	return fhirjson.Fields(
		field("resourceType", text("CapabilityStatement")),
		field("status", text("active")),
		field("date", text(instant(s.config.Now()))),
		field("kind", text("instance")),
		field("software", fhirjson.Fields(field("name", text(Banner)))),
		field("implementation", fhirjson.Fields(
			field("description", text("A sandbox for demonstration and tests. Not a national record: keep no person's data here.")),
			field("url", text(s.base(r))),
		)),
		field("fhirVersion", text("4.0.1")),
		field("format", fhirjson.List(text("application/fhir+json"), text("json"))),
		field("rest", fhirjson.List(fhirjson.Fields(
			field("mode", text("server")),
			field("documentation", text("A sandbox: see the header X-Sandbox.")),
			field("resource", resources),
			field("interaction", coded("transaction", "batch")),
		))),
	)
}

// searchParams lists the parameters of a type with their kinds.
func searchParams(typ string) *fhirjson.Value {
	kinds := map[string]string{"_id": "token", "_lastUpdated": "date"}
	for name, p := range common {
		kinds[name] = p.kind.String()
	}
	for name, p := range parameters[typ] {
		kinds[name] = p.kind.String()
	}
	list := fhirjson.List()
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		list.Append(fhirjson.Fields(fhirjson.F("name", fhirjson.Text(name)), fhirjson.F("type", fhirjson.Text(kinds[name]))))
	}
	return list
}
