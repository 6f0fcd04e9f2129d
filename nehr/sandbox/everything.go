package sandbox

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// everything gives a patient, what refers to her, and what that refers to in
// turn, except other patients (operation-patient-everything.html).
func (x *session) everything(id string, params url.Values, self string) (*fhirjson.Value, error) {
	count := -1
	for name := range params {
		if name != "_count" && !controls[name] {
			return nil, badRequest("parameter %q of $everything is not supported", name)
		}
	}
	if c := params.Get("_count"); c != "" {
		n, err := strconv.Atoi(c)
		if err != nil || n < 1 {
			return nil, badRequest("_count must be a positive number")
		}
		count = n
	}
	if _, err := x.read("Patient", id); err != nil {
		return nil, err
	}
	keys := [][2]string{{"Patient", id}}
	hers, err := x.pairs("SELECT DISTINCT r.type, r.id FROM reference f JOIN resource r ON r.type=f.type AND r.id=f.id WHERE f.target_type='Patient' AND f.target_id=? AND r.type <> 'Patient' ORDER BY r.seq", id)
	if err != nil {
		return nil, err
	}
	keys = append(keys, hers...)
	for i := 0; i < len(keys); i++ {
		next, err := x.pairs("SELECT DISTINCT f.target_type, f.target_id FROM reference f WHERE f.type=? AND f.id=? AND f.target_type <> 'Patient'", keys[i][0], keys[i][1])
		if err != nil {
			return nil, err
		}
		for _, n := range next {
			if !slices.Contains(keys, n) {
				keys = append(keys, n)
			}
		}
	}
	if count < 0 { // all at once, as HAPI does unless asked to page
		count = len(keys)
	}
	return x.page(list{keys: keys, total: true, count: x.server.pageSize(count)}, 0, self)
}

func (x *session) pairs(sql string, args ...any) ([][2]string, error) {
	rows, err := x.tx.QueryContext(x.ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found [][2]string
	for rows.Next() {
		var p [2]string
		if err := rows.Scan(&p[0], &p[1]); err != nil {
			return nil, err
		}
		found = append(found, p)
	}
	return found, rows.Err()
}
